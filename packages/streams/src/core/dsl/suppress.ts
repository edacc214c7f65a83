import { streamsError } from '../../errors.ts'
import { suppressedLookup, suppressOperator } from '../operators/suppress.ts'
import { derivedValueSerde } from '../serdes/derived-serdes.ts'
import { type GraphNode, graphNode } from '../topology/graph.ts'
import type { FinalResults, TimeLimit } from '../windows/suppression.ts'
import type { Windowed } from '../windows/windows.ts'
import { checkedName } from './graph-builder.ts'
import { keptAs } from './kept-as.ts'
import type { Table } from './table.ts'
import { tableTraits } from './table-spec.ts'

const prefix = 'KTABLE-SUPPRESS-'

/** Adds a step that holds updates back. */
export function suppressedTable(table: Table, rule: TimeLimit | FinalResults): Table {
  const { builder, node: parent, keySerde, valueSerde = derivedValueSerde } = table.state
  // Unlike elsewhere a given name uses up no number, as in Kafka Streams' KTableImpl#suppress.
  const name = rule.name === undefined ? builder.newName(prefix) : checkedName(rule.name)
  const storeName = rule.name === undefined ? builder.storeNameOr(undefined, prefix) : `${name}-store`
  const { maxRecords, maxBytes, whenFull } = rule
  if (isVersioned(parent)) {
    // What is held back is the row of a key, and a versioned table has several.
    throw streamsError('STREAMS_TOPOLOGY_INVALID', `${name}: updates of a versioned table cannot be held back`)
  }
  const isFinal = rule.until === 'windowCloses'
  const options = {
    maxRecords,
    maxBytes,
    whenFull,
    dropsDeletions: isFinal,
    waitMs: isFinal ? graceOf(parent) : rule.afterMs,
    timeOf: isFinal ? windowEnd : recordTime,
  }
  const node = builder.add(
    graphNode({
      name,
      parents: [parent],
      asks: [{ table: parent, needs: 'oldValues' }],
      table: tableTraits({
        store: undefined,
        from: [parent],
        compute: ([lookup]) => suppressedLookup(lookup!, storeName),
      }),
      write(writer) {
        writer.store({
          name: storeName,
          kind: 'buffer',
          keySerde,
          valueSerde,
          ...keptAs({ cache: false, changelog: rule.changelog }),
          countsBytes: maxBytes !== Number.POSITIVE_INFINITY,
        })
        const create = suppressOperator(options, storeName)
        writer.processor({ name, parents: [parent.name], create, readsValue: true, stores: [storeName] })
      },
    }),
  )
  return builder.make.table({ ...table.state, node })
}

/** Where a table has no store of its own, its rows have the versions of those they are made of. */
function isVersioned({ table }: GraphNode): boolean {
  if (table === undefined) return false
  const { store, from } = table
  return store === undefined ? from.length === 1 && isVersioned(from[0]!) : store.kind === 'versioned'
}

function windowEnd(key: unknown): number {
  return (key as Windowed<unknown>).window.end
}

function recordTime(_key: unknown, timestamp: number): number {
  return timestamp
}

/**
 * How long after their end the windows of a table close: all steps upstream must come from windows, and the longest
 * counts.
 *
 * @throws STREAMS_TOPOLOGY_INVALID
 */
function graceOf(node: GraphNode): number {
  if (node.closesAfterMs !== undefined) return node.closesAfterMs
  if (node.parents.length === 0) {
    const message = 'untilWindowCloses: only rows of windows have a close; group the stream and window it first'
    throw streamsError('STREAMS_TOPOLOGY_INVALID', message)
  }
  return Math.max(...node.parents.map(graceOf))
}
