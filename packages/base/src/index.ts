export { type Clock, sleep, systemClock } from './clock.ts'
export {
  type ErrorDescription,
  type ErrorFactory,
  type ErrorFields,
  type ErrorTable,
  errorFactory,
  isMillraceError,
  MillraceError,
} from './errors.ts'
export type { MetricSample, MetricSource } from './metrics.ts'
export { type Random, randomInt, seededRandom, systemRandom } from './random.ts'
