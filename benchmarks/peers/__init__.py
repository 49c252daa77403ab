"""Who is measured: a class each, of ``peer.Peer``."""
