import type { ScenarioGroup } from './scenario.ts'
import { aggregates } from './scenarios/aggregates.ts'
import { sessionWindows } from './scenarios/sessions.ts'
import { stateless } from './scenarios/stateless.ts'
import { timeWindows } from './scenarios/time-windows.ts'

/** All that is compared with Kafka Streams. */
export const groups: readonly ScenarioGroup[] = [stateless, aggregates, timeWindows, sessionWindows]
