import type { ScenarioGroup } from './scenario.ts'
import { aggregates } from './scenarios/aggregates.ts'
import { naming } from './scenarios/naming.ts'
import { processors } from './scenarios/processors.ts'
import { sessionWindows } from './scenarios/sessions.ts'
import { stateless } from './scenarios/stateless.ts'
import { streamTableJoins } from './scenarios/stream-table-joins.ts'
import { suppression } from './scenarios/suppression.ts'
import { tableJoins } from './scenarios/table-joins.ts'
import { tables } from './scenarios/tables.ts'
import { timeWindows } from './scenarios/time-windows.ts'

/** All that is compared with Kafka Streams. */
export const groups: readonly ScenarioGroup[] = [
  stateless,
  naming,
  aggregates,
  tables,
  tableJoins,
  streamTableJoins,
  timeWindows,
  sessionWindows,
  suppression,
  processors,
]
