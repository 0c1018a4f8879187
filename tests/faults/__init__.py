"""Faults in real time: processes that are killed, disks that fill up, connections that drop."""
