/**
 * Loaded into every pod (`node --import`): what it connects from is its own IP, as in a pod's network namespace, so
 * that load balancers and proxies can tell from which region and zone a connection comes and cut exactly those. Other
 * pods are reached by their doors, for the same reason.
 */
import net, { type SocketConnectOpts } from "node:net";
import { podDoor } from "../addresses.ts";

const podIp = process.env["POD_NETWORK_IP"];
const connect = net.Socket.prototype.connect as (...args: unknown[]) => net.Socket;

function fromPod(options: SocketConnectOpts): SocketConnectOpts {
  // node:http passes `path: null` for TCP: its absence or emptiness, not the key, says that this is no Unix socket.
  if (("path" in options && options.path) || podIp === undefined) return options;
  const door = "host" in options && options.host ? podDoor(options.host) : undefined;
  return { ...options, localAddress: podIp, ...(door && { host: door }) } as SocketConnectOpts;
}

net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
  const [first, second, ...rest] = args;
  // node:net passes its own normalized argument list, marked by a symbol on the array: change it in place.
  if (Array.isArray(first)) {
    first[0] = fromPod(first[0] as SocketConnectOpts);
    return connect.call(this, first);
  }
  if (typeof first === "number") {
    const host = typeof second === "string" ? { host: second } : {};
    const callback = typeof second === "function" ? [second] : rest;
    return connect.call(this, fromPod({ port: first, ...host }), ...callback);
  }
  if (typeof first === "object" && first !== null) {
    return connect.call(this, fromPod(first as SocketConnectOpts), second, ...rest);
  }
  return connect.apply(this, args);
} as typeof net.Socket.prototype.connect;
