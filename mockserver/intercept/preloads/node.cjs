// Loaded by NODE_OPTIONS into every Node program of `mockserver exec`. Sends HTTP and HTTPS connections through the proxy of
// HTTPS_PROXY, which https, fetch and http2 ignore. Other connections (databases, queues) are not changed.
"use strict";

const http = require("node:http");
const module_ = require("node:module");
const net = require("node:net");
const tls = require("node:tls");
const { Duplex } = require("node:stream");

const proxy = process.env.https_proxy || process.env.HTTPS_PROXY;
const noProxy = (process.env.no_proxy || process.env.NO_PROXY || "").split(",").map((name) => name.trim().toLowerCase());

function bypassesProxy(host) {
    host = String(host).toLowerCase().replace(/^\[|\]$/g, "");
    return (
        /^127\./.test(host) ||
        noProxy.some((name) => name && (host === name || host.endsWith(name.startsWith(".") ? name : "." + name)))
    );
}

// The arguments of net.connect and tls.connect as options; they are (options), (port, host) or (port), and maybe a listener.
function options(given) {
    const [first, second, third] = given;
    if (typeof first === "object" && first !== null) return { ...first };
    const rest = [second, third].find((each) => typeof each === "object" && each !== null);
    return { ...rest, port: Number(first), host: typeof second === "string" ? second : undefined };
}

// A connection to a host and port through the proxy. Writes wait until it is connected.
class ProxiedSocket extends Duplex {
    constructor(host, port) {
        super({ allowHalfOpen: true });
        const { hostname, port: at } = new URL(proxy);
        const target = `${host.includes(":") ? `[${host}]` : host}:${port}`;
        this.connecting = true;
        this.waiting = [];
        this.socket = plainConnect({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(at) });
        this.socket.once("connect", () => this.socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`));
        this.socket.on("error", (error) => this.destroy(error));
        this.socket.on("close", () => this.destroy());
        let head = Buffer.alloc(0);
        const readResponse = (piece) => {
            head = Buffer.concat([head, piece]);
            const end = head.indexOf("\r\n\r\n");
            if (end < 0) return;
            this.socket.removeListener("data", readResponse);
            const status = head.subarray(0, head.indexOf("\r\n")).toString("latin1");
            if (!/^HTTP\/1\.[01] 200/.test(status)) {
                this.destroy(Object.assign(new Error(status.replace(/^\S+ /, "mockserver: ")), { code: "EPROXY" }));
                return;
            }
            this.connecting = false;
            const rest = head.subarray(end + 4);
            this.socket.on("data", (each) => this.push(each) || this.socket.pause());
            this.socket.on("end", () => this.push(null));
            if (rest.length) this.push(rest);
            this.emit("connect");
            this.emit("ready");
            for (const write of this.waiting.splice(0)) write();
        };
        this.socket.on("data", readResponse);
    }

    _read() {
        if (!this.connecting) this.socket.resume();
    }

    _write(piece, encoding, done) {
        const write = () => this.socket.write(piece, encoding, done);
        if (this.connecting) this.waiting.push(write);
        else write();
    }

    _final(done) {
        const end = () => this.socket.end(done);
        if (this.connecting) this.waiting.push(end);
        else end();
    }

    _destroy(error, done) {
        this.socket.destroy();
        done(error);
    }

    // The other methods of a socket that HTTP uses.
    setTimeout(milliseconds, listener) {
        this.socket.setTimeout(milliseconds);
        if (milliseconds && !this.watched) {
            this.watched = true;
            this.socket.on("timeout", () => this.emit("timeout"));
        }
        if (listener) this.once("timeout", listener);
        return this;
    }
    setNoDelay(...given) {
        this.socket.setNoDelay(...given);
        return this;
    }
    setKeepAlive(...given) {
        this.socket.setKeepAlive(...given);
        return this;
    }
    ref() {
        this.socket.ref();
        return this;
    }
    unref() {
        this.socket.unref();
        return this;
    }
    address() {
        return this.socket.address();
    }
    get remoteAddress() {
        return this.socket.remoteAddress;
    }
    get remotePort() {
        return this.socket.remotePort;
    }
    get remoteFamily() {
        return this.socket.remoteFamily;
    }
    get localAddress() {
        return this.socket.localAddress;
    }
    get localPort() {
        return this.socket.localPort;
    }
}

const plainConnect = net.connect;
const plainTls = tls.connect;

function isProxied({ socket, path, host, port }, usual) {
    return !socket && !path && host && !net.isIP(host) && !bypassesProxy(host) && (usual === undefined || Number(port) === usual);
}

function connectThroughProxy(requested) {
    return new ProxiedSocket(requested.host, requested.port);
}

if (proxy) {
    tls.connect = function connect(...given) {
        const requested = options(given);
        const host = requested.host ?? "localhost";
        if (!isProxied({ ...requested, host })) return plainTls.apply(this, given);
        const listener = given.find((each) => typeof each === "function");
        const socket = connectThroughProxy(requested);
        const secure = plainTls.call(this, { servername: net.isIP(host) ? "" : host, ...requested, socket }, listener);
        // TLS on a stream does not pass on a reset, or that an idle connection must not keep the program running.
        socket.on("error", (error) => secure.destroy(error));
        for (const name of ["ref", "unref"]) {
            const own = secure[name];
            secure[name] = function () {
                socket[name]();
                return own.call(this);
            };
        }
        return secure;
    };
    net.connect = net.createConnection = function connect(...given) {
        const requested = options(given);
        if (!isProxied(requested, 80)) return plainConnect.apply(this, given);
        const listener = given.find((each) => typeof each === "function");
        const socket = connectThroughProxy(requested);
        if (listener) socket.once("connect", listener);
        return socket;
    };
    http.Agent.prototype.createConnection = function createConnection(requested, ready) {
        return isProxied(requested) && this.protocol !== "https:" ? connectThroughProxy(requested) : plainConnect.call(this, requested, ready);
    };
    module_.syncBuiltinESMExports();
}
