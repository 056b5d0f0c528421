/** The face of the room `network`: which pods answer for a service. */
export { podRowsOf, serviceEndpoints } from "./backends.ts";
export { chooseRandom, chooseRoundRobin, type Route, type RoutingNode, routeOf, type TrafficSource } from "./route.ts";
