"""What goes wrong around Atlas: disks, kills, clocks, limits, databases and hosts, a line each.

To add a fault, add a line to a table: a name, what does the harm, and what is expected of it.
"""
