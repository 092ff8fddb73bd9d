# Where the origins are: the one file here that every site has to edit.

# Patient: who is down is noticed by the requests, and who is busy must not be taken for down.
probe health {
    .url = "/health";
    .interval = 1s;
    .timeout = 2s;
    .window = 4;
    .threshold = 2;
    .initial = 4;
}

# max_connections bounds what a popular picture can do to its origin: what is above it counts as a
# failed connection, and goes to the next one on the ring.
backend home1 {
    .host = "10.0.1.11:8080";
    .probe = health;
    .connect_timeout = 300ms;
    .first_byte_timeout = 15s;
    .between_bytes_timeout = 5s;
    .max_connections = 256;
}

backend home2 {
    .host = "10.0.1.12:8080";
    .probe = health;
    .connect_timeout = 300ms;
    .first_byte_timeout = 15s;
    .between_bytes_timeout = 5s;
    .max_connections = 256;
}

# The other region; the same ones again where there is none.
backend away1 {
    .host = "10.0.2.11:8080";
    .probe = health;
    .connect_timeout = 1s;
    .first_byte_timeout = 15s;
    .between_bytes_timeout = 5s;
    .max_connections = 256;
}

backend away2 {
    .host = "10.0.2.12:8080";
    .probe = health;
    .connect_timeout = 1s;
    .first_byte_timeout = 15s;
    .between_bytes_timeout = 5s;
    .max_connections = 256;
}

# Consistent: when an origin goes, its pictures alone move; every Varnish makes the same choice. For
# half a minute after it is back an origin gets less than its share.
sub vcl_init {
    new home = directors.shard();
    home.add_backend(home1);
    home.add_backend(home2);
    home.set_rampup(30s);
    home.reconfigure();

    new away = directors.shard();
    away.add_backend(away1);
    away.add_backend(away2);
    away.set_rampup(30s);
    away.reconfigure();
}
