/** The face of the service side effects: cluster IPs and node ports. */

export { LoadBalancers } from "./load-balancers.ts";
export { type AdmittedService, ServiceAddresses, type ServiceAddressSettings } from "./service-addresses.ts";
