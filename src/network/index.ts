/** The face of the room `network`: which pods answer for a service, and how a pod finds one. */
export { podRowsOf, serviceEndpoints } from "./backends.ts";
export { type DnsAnswer, type DnsRecord, type DnsZone, dnsAnswer, type RecordType } from "./dns.ts";
export { containerEnvironment, type EnvironmentVariable, serviceEnvironment } from "./environment.ts";
export { type Lookup, namesToTry, type ResolverConfig, resolve, resolverConfig } from "./resolver.ts";
export { chooseRandom, chooseRoundRobin, type Route, type RoutingNode, routeOf, type TrafficSource } from "./route.ts";
