export { StatefulSetController, type StatefulSetSettings } from "./statefulset-controller.ts";
