/** The face of the room `node`: the kubelets. */
export { imageName } from "./images.ts";
export { Kubelets } from "./kubelets.ts";
export {
  type AppModel,
  type CachedImage,
  type ImageCatalog,
  KUBELET_DEFAULTS,
  type KubeletOptions,
  type NodeRegistration,
} from "./options.ts";
