export { CronJobController } from "./cronjob-controller.ts";
export { parseSchedule, type Schedule, type ScheduleError } from "./schedule.ts";
