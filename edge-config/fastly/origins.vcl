# Where the origins are: two at home, two in the other region. Each is made once, with Fastly's command line:
#
#   fastly backend create --service-id ID --version latest --autoclone --name home_1 --address home-1.example.com \
#       --override-host home-1.example.com --port 443 --use-ssl --ssl-sni-hostname home-1.example.com \
#       --ssl-cert-hostname home-1.example.com --shield fra-frankfurt-de --connect-timeout 500 \
#       --first-byte-timeout 15000 --between-bytes-timeout 5000 --max-conn 200 --healthcheck health
#                                                                              # home_2 the same
#   fastly backend create … --name away_1 --address away-1.example.com --shield lon-london-uk …
#   fastly healthcheck create … --name health --path /health --check-interval 5000 --timeout 2000 --threshold 2 \
#       --window 4 --initial 4
#
# They wait longer than an origin takes (SAFELIGHT_TIMEOUT, 10 s). The shields are the places nearest to a region.
#
# Consistent: when an origin goes, its pictures alone move. key = client is client.identity, the picture.
director home chash {
    .key = client;
    .quorum = 1%;
    { .backend = F_home_1; .id = "home_1"; }
    { .backend = F_home_2; .id = "home_2"; }
}

director away chash {
    .key = client;
    .quorum = 1%;
    { .backend = F_away_1; .id = "away_1"; }
    { .backend = F_away_2; .id = "away_2"; }
}
