export { VpaAdmission } from "./admission.ts";
export { vpaRows } from "./objects.ts";
export type { VerticalPodAutoscaler } from "./recommendation.ts";
export { VpaRecommender } from "./recommender.ts";
export { VpaUpdater } from "./updater.ts";
