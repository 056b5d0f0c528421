export type { VerticalPodAutoscaler } from "./recommendation.ts";
export { VpaRecommender } from "./recommender.ts";
