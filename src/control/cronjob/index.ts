export { CronJobController } from "./cronjob-controller.ts";
