/** The face of the room `store`: the API server's truth, its writes, and how components hear of them. */
export { Admission, forbidden, NAMESPACE_TERMINATING, resourceOf } from "./admission.ts";
export { CHANGE, type Cursor, type Interest, OWNER } from "./changes.ts";
export { type Decision, DecisionLog, type LoggedDecision } from "./decision-log.ts";
export { type ApiResult, type ApiStatus, documentKind } from "./document-writer.ts";
export { DocumentTable } from "./documents.ts";
export { EventRecorder, type EventSink, type RecordedEvent } from "./event-recorder.ts";
export { ipText } from "./materialise.ts";
export { derivedTemplate, labelsKeyOf, type PodTemplate, type TemplateChange } from "./pod-template.ts";
export type { PodCreation, PodStatusChange } from "./pod-writer.ts";
export {
  CONDITION,
  type ConditionText,
  POD_CONDITIONS,
  POD_PHASE,
  POD_PHASE_NAMES,
  type PodConditionType,
  type PodExtra,
  PodTable,
} from "./pods.ts";
export { controllerReference, DOCUMENT_KINDS, type DocumentKind, Store, type StoreOptions } from "./store.ts";
