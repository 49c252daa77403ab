// Loaded by NODE_OPTIONS into every Node of `mockserver exec`: leads what HTTP sends through the proxy of HTTPS_PROXY,
// which https, fetch and http2 do not look at. Connections of other kinds (databases, queues) are left alone.
"use strict";

const http = require("node:http");
const module_ = require("node:module");
const net = require("node:net");
const tls = require("node:tls");
const { Duplex } = require("node:stream");

const proxy = process.env.https_proxy || process.env.HTTPS_PROXY;
const spared = (process.env.no_proxy || process.env.NO_PROXY || "").split(",").map((name) => name.trim().toLowerCase());

function isSpared(host) {
    host = String(host).toLowerCase().replace(/^\[|\]$/g, "");
    return (
        /^127\./.test(host) ||
        spared.some((name) => name && (host === name || host.endsWith(name.startsWith(".") ? name : "." + name)))
    );
}

// The arguments of net.connect and tls.connect, which may be (options), (port, host) or (port), with a listener behind.
function options(given) {
    const [first, second, third] = given;
    if (typeof first === "object" && first !== null) return { ...first };
    const rest = [second, third].find((each) => typeof each === "object" && each !== null);
    return { ...rest, port: Number(first), host: typeof second === "string" ? second : undefined };
}

// A connection to a host and port through the proxy; it can be written to at once.
class Carried extends Duplex {
    constructor(host, port) {
        super({ allowHalfOpen: true });
        const { hostname, port: at } = new URL(proxy);
        const place = `${host.includes(":") ? `[${host}]` : host}:${port}`;
        this.connecting = true;
        this.waiting = [];
        this.socket = plainConnect({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(at) });
        this.socket.once("connect", () => this.socket.write(`CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\n\r\n`));
        this.socket.on("error", (error) => this.destroy(error));
        this.socket.on("close", () => this.destroy());
        let head = Buffer.alloc(0);
        const answered = (piece) => {
            head = Buffer.concat([head, piece]);
            const end = head.indexOf("\r\n\r\n");
            if (end < 0) return;
            this.socket.removeListener("data", answered);
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
        this.socket.on("data", answered);
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

    // What HTTP asks of a socket.
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

function isLed({ socket, path, host, port }, usual) {
    return !socket && !path && host && !net.isIP(host) && !isSpared(host) && (usual === undefined || Number(port) === usual);
}

function carried(asked) {
    return new Carried(asked.host, asked.port);
}

if (proxy) {
    tls.connect = function connect(...given) {
        const asked = options(given);
        const host = asked.host ?? "localhost";
        if (!isLed({ ...asked, host })) return plainTls.apply(this, given);
        const listener = given.find((each) => typeof each === "function");
        const socket = carried(asked);
        const secure = plainTls.call(this, { servername: net.isIP(host) ? "" : host, ...asked, socket }, listener);
        // What TLS on a stream does not hand on: a reset, and that an idle connection keeps no program running.
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
        const asked = options(given);
        if (!isLed(asked, 80)) return plainConnect.apply(this, given);
        const listener = given.find((each) => typeof each === "function");
        const socket = carried(asked);
        if (listener) socket.once("connect", listener);
        return socket;
    };
    http.Agent.prototype.createConnection = function createConnection(asked, ready) {
        return isLed(asked) && this.protocol !== "https:" ? carried(asked) : plainConnect.call(this, asked, ready);
    };
    module_.syncBuiltinESMExports();
}
