import type { ScenarioGroup } from './scenario.ts'
import { aggregates } from './scenarios/aggregates.ts'
import { basicNaming } from './scenarios/basic-naming.ts'
import { caches } from './scenarios/caches.ts'
import { chains } from './scenarios/chains.ts'
import { cogroups } from './scenarios/cogroups.ts'
import { foreignKeyJoins } from './scenarios/foreign-key-joins.ts'
import { globalJoins } from './scenarios/global-joins.ts'
import { naming } from './scenarios/naming.ts'
import { optimizations } from './scenarios/optimizations.ts'
import { processorStores } from './scenarios/processor-stores.ts'
import { processors } from './scenarios/processors.ts'
import { sessionWindows } from './scenarios/sessions.ts'
import { sliding } from './scenarios/sliding.ts'
import { stateless } from './scenarios/stateless.ts'
import { storeFormat } from './scenarios/store-format.ts'
import { streamJoins } from './scenarios/stream-joins.ts'
import { streamTableJoins } from './scenarios/stream-table-joins.ts'
import { suppression } from './scenarios/suppression.ts'
import { tableJoins } from './scenarios/table-joins.ts'
import { tables } from './scenarios/tables.ts'
import { timeWindows } from './scenarios/time-windows.ts'
import { types } from './scenarios/types.ts'
import { versionedTables } from './scenarios/versioned-tables.ts'

/** All that is compared with Kafka Streams. */
export const groups: readonly ScenarioGroup[] = [
  stateless,
  naming,
  basicNaming,
  types,
  aggregates,
  tables,
  tableJoins,
  streamTableJoins,
  streamJoins,
  foreignKeyJoins,
  globalJoins,
  versionedTables,
  timeWindows,
  caches,
  chains,
  sessionWindows,
  cogroups,
  sliding,
  suppression,
  processors,
  processorStores,
  optimizations,
  storeFormat,
]
