/** Settings of a session by which the server notices within some 5 s that its client's machine is gone, and frees the locks. */
export const VANISHED_CLIENT_SETTINGS = '-c client_connection_check_interval=1000 -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=3 -c tcp_user_timeout=5000'
