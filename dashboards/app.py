from flask import Flask
def create_dashboards(reader, *, time_zone, collector_url):
    return Flask("x")
