/** The face of the service side effects: cluster IPs and node ports. */
export { type AdmittedService, ServiceAddresses, type ServiceAddressSettings } from "./service-addresses.ts";
