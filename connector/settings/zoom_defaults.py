"""Where Zoom's bridges are: the defaults of the dial policy, which connector.toml may replace."""

from __future__ import annotations

# Regional SIP domains of Zoom's Conference Room Connector, as the option list of a video endpoint prints them;
# their sub-domains (global.zoomcrc.com, fr.zmeu.us) are included by the dial policy.
ZOOM_DOMAINS = (
    "zoomcrc.com", "zmus.us", "zmcn.us", "zmin.us", "zmeu.us", "zmau.us", "zmhk.us", "zmbr.us", "zmca.us", "zmjp.us",
)  # fmt: skip

# H.323 addresses printed in Zoom invitations: the list of 2026, then those of 2020-21 that differ. They change over
# the years, so this is a default of the configuration and nothing else in the product knows them.
ZOOM_BRIDGES = (
    "144.195.19.161/32", "206.247.11.121/32", "221.122.88.195/32", "115.114.131.7/32", "115.114.115.7/32",
    "159.124.15.191/32", "159.124.47.249/32", "159.124.104.213/32", "159.124.74.212/32", "170.114.134.121/32",
    "170.114.180.219/32", "64.211.144.160/32", "159.124.168.213/32", "159.124.196.25/32", "170.114.194.163/32",
    "147.124.100.25/32",
    "162.255.37.11/32", "162.255.36.11/32", "213.19.144.110/32", "213.244.140.110/32", "103.122.166.55/32",
    "103.122.167.55/32", "209.9.211.110/32", "149.137.40.110/32", "69.174.57.160/32", "65.39.152.160/32",
    "207.226.132.110/32", "149.137.24.110/32",
)  # fmt: skip
