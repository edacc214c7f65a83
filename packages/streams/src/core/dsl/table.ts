import type { AnyTopicContract } from '@millrace/contracts'
import { filterOperator } from '../operators/filter.ts'
import { passThroughOperator } from '../operators/pass-through.ts'
import { joinedLookup, type RowJoiner, tableJoinMergeOperator, tableJoinOperator } from '../operators/table-join.ts'
import { filterRows, mappedLookup, mapRows, type RowMapper, tableMapOperator } from '../operators/table-map.ts'
import { tableSourceOperator } from '../operators/table-source.ts'
import { versionedTableSourceOperator } from '../operators/versioned-table-source.ts'
import { derivedKeySerde, derivedValueSerde } from '../serdes/derived-serdes.ts'
import type { TimestampExtractor } from '../time/timestamp-extractors.ts'
import { type GraphNode, graphNode, type PhysicalWriter } from '../topology/graph.ts'
import type { AnySerde } from '../topology/physical.ts'
import type { StoreSpec } from '../topology/store-kinds.ts'
import type { FinalResults, TimeLimit } from '../windows/suppression.ts'
import { joinByForeignKey } from './foreign-key-join.ts'
import { checkedName, type GraphBuilder } from './graph-builder.ts'
import type { GroupedTable } from './grouped-table.ts'
import type { KeptAs } from './kept-as.ts'
import type { Stream } from './stream.ts'
import { suppressedTable } from './suppress.ts'
import { rowsSpec, tableTraits } from './table-spec.ts'
import type { KTable } from './types.ts'

// biome-ignore lint/suspicious/noExplicitAny: callbacks of any type are handed to operators
type AnyFn = (...args: any[]) => any
export interface AsTableOptions extends KeptAs {
  readonly name?: string
  readonly store?: string
  readonly key?: AnySerde
  readonly value?: AnySerde
  readonly historyRetentionMs?: number
}

interface TableJoinOptions extends AsTableOptions {
  readonly foreignKey?: AnyFn
}

export interface TableState {
  readonly builder: GraphBuilder
  readonly node: GraphNode
  readonly keySerde: AnySerde
  /** undefined where a callback made the values and nobody gave a serde. */
  readonly valueSerde: AnySerde | undefined
  readonly sources: readonly string[]
}

/** A table as its steps are written; every method adds one. */
export class Table {
  readonly state: TableState

  constructor(state: TableState) {
    this.state = state
  }

  filter(predicate: AnyFn, options: AsTableOptions = {}): Table {
    return this.#filtered(predicate, true, options)
  }

  filterNot(predicate: AnyFn, options: AsTableOptions = {}): Table {
    return this.#filtered(predicate, false, options)
  }

  mapValues(fn: AnyFn, options: AsTableOptions = {}): Table {
    return this.#mapped('KTABLE-MAPVALUES-', mapRows(fn), options, { isFilter: false, valueSerde: options.value })
  }

  join(other: KTable<never, never>, fn: AnyFn, options: TableJoinOptions = {}): Table {
    const { foreignKey, ...rest } = options
    if (foreignKey !== undefined) return this.#joinedByForeignKey(other, fn, foreignKey, rest, false)
    return this.#joined(other, fn, options, { leftAlone: false, rightAlone: false })
  }

  leftJoin(other: KTable<never, never>, fn: AnyFn, options: TableJoinOptions = {}): Table {
    const { foreignKey, ...rest } = options
    if (foreignKey !== undefined) return this.#joinedByForeignKey(other, fn, foreignKey, rest, true)
    return this.#joined(other, fn, options, { leftAlone: true, rightAlone: false })
  }

  outerJoin(other: KTable<never, never>, fn: AnyFn, options: AsTableOptions = {}): Table {
    return this.#joined(other, fn, options, { leftAlone: true, rightAlone: true })
  }

  groupBy(fn: AnyFn, options: AsTableOptions): GroupedTable {
    return this.state.builder.make.groupedTable(this, { select: fn, ...options })
  }

  suppress(rule: TimeLimit | FinalResults): Table {
    return suppressedTable(this, rule)
  }

  toStream(options: AsTableOptions & { readonly tombstones?: boolean } = {}): Stream {
    const { builder, node, keySerde, valueSerde, sources } = this.state
    const name = builder.nameOr(options.name, 'KTABLE-TOSTREAM-')
    const create =
      options.tombstones === false ? filterOperator(() => true, { keep: true, takesNull: false }) : passThroughOperator
    const write: GraphNode['write'] = (writer) => {
      writer.processor({ name, parents: [node.name], create, readsValue: false })
    }
    const added = builder.add(graphNode({ name, parents: [node], write }))
    return builder.make.stream({
      builder,
      node: added,
      keySerde,
      valueSerde,
      sources,
      keyChanged: false,
      takesNull: true,
    })
  }

  to(contract: AnyTopicContract, options?: AsTableOptions): void {
    this.toStream().to(contract, options)
  }

  #joinedByForeignKey(
    other: KTable<never, never>,
    joiner: AnyFn,
    foreignKeyOf: AnyFn,
    options: AsTableOptions,
    isLeft: boolean,
  ): Table {
    return joinByForeignKey(this, other as unknown as Table, { joiner, foreignKeyOf, options, isLeft })
  }

  #filtered(predicate: AnyFn, keep: boolean, options: AsTableOptions): Table {
    const { valueSerde } = this.state
    return this.#mapped('KTABLE-FILTER-', filterRows(predicate, keep), options, { isFilter: true, valueSerde })
  }

  #mapped(
    prefix: string,
    mapperOf: (node: string) => RowMapper,
    options: AsTableOptions,
    kind: { isFilter: boolean; valueSerde: AnySerde | undefined },
  ): Table {
    const { builder, node: parent, keySerde } = this.state
    const name = builder.nameOr(options.name, prefix)
    const map = mapperOf(name)
    const valueSerde = options.value ?? kind.valueSerde
    const store = storeSpec(options, keySerde, valueSerde)
    const node = builder.add(
      graphNode({
        name,
        parents: [parent],
        asks: kind.isFilter ? [{ table: parent, needs: 'oldValuesIfStored' }] : [],
        table: tableTraits({ store, from: [parent], compute: ([lookup]) => mappedLookup(lookup!, map) }),
        write(writer) {
          const sendOldValues = writer.facts.sendsOldValues(node)
          const skipsNothing = kind.isFilter && writer.facts.versionedStoreOf(parent) === undefined
          const create = tableMapOperator({ map, skipsNothing, store: store?.name, sendOldValues })
          writer.processor({
            name,
            parents: [parent.name],
            create,
            readsValue: true,
            stores: store ? [store.name] : [],
          })
        },
      }),
    )
    return new Table({ ...this.state, node, valueSerde })
  }

  #joined(
    otherTable: KTable<never, never>,
    joiner: RowJoiner,
    options: AsTableOptions,
    kind: { leftAlone: boolean; rightAlone: boolean },
  ): Table {
    const { builder, node: left, keySerde } = this.state
    const other = otherTable as unknown as Table
    const right = other.state.node
    const name = builder.nameOr(options.name, 'KTABLE-MERGE-')
    const thisName = builder.suffixedOr(options.name, '-join-this', 'KTABLE-JOINTHIS-')
    const otherName = builder.suffixedOr(options.name, '-join-other', 'KTABLE-JOINOTHER-')
    const store = storeSpec(options, keySerde, options.value)
    const sources = [...new Set([...this.state.sources, ...other.state.sources])]
    const reversed: RowJoiner = (own, row, key) => joiner(row, own, key)
    const { leftAlone, rightAlone } = kind
    const write = (writer: PhysicalWriter): void => {
      const { facts } = writer
      const sendOldValues = facts.sendsOldValues(node)
      const leftRows = facts.lookupOf(left)
      const rightRows = facts.lookupOf(right)
      const fromLeft = { other: rightRows, joiner, ownAlone: leftAlone, otherAlone: rightAlone, sendOldValues }
      const fromRight = {
        other: leftRows,
        joiner: reversed,
        ownAlone: rightAlone,
        otherAlone: leftAlone,
        sendOldValues,
      }
      const sides = [
        { name: thisName, parents: [left.name], create: tableJoinOperator(fromLeft), stores: rightRows.stores },
        { name: otherName, parents: [right.name], create: tableJoinOperator(fromRight), stores: leftRows.stores },
      ]
      for (const side of sides) writer.processor({ ...side, readsValue: true })
      const create = tableJoinMergeOperator(store?.name, sendOldValues)
      const stores = store ? [store.name] : []
      writer.processor({ name, parents: [thisName, otherName], create, readsValue: true, stores })
    }
    const node: GraphNode = builder.add(
      graphNode({
        name,
        parents: [left, right],
        joins: sources,
        asks: [
          { table: left, needs: 'rows' },
          { table: right, needs: 'rows' },
          ...(leftAlone ? [{ table: left, needs: 'oldValues' } as const] : []),
          ...(rightAlone ? [{ table: right, needs: 'oldValues' } as const] : []),
        ],
        table: tableTraits({
          store,
          from: [left, right],
          oldValuesFromUpstream: true,
          compute: ([one, two]) => joinedLookup(one!, two!, joiner, kind),
        }),
        write,
      }),
    )
    return new Table({ builder, node, keySerde, valueSerde: options.value, sources })
  }
}

/** A stream as a table; behind a repartition topic where its key was changed. */
export function streamAsTable(stream: Stream, options: AsTableOptions): Table {
  const { builder } = stream.state
  const name = builder.nameOr(options.name, 'KSTREAM-TOTABLE-')
  const storeName = builder.storeNameOr(options.store, 'KSTREAM-TOTABLE-')
  const { key, value } = options
  const upstream = stream.repartitioned({
    ...(key && { key }),
    ...(value && { value }),
    topic: name,
    reuse: false,
  })
  const { node: parent, keySerde = derivedKeySerde, valueSerde = derivedValueSerde, sources } = upstream.state
  const store = { name: storeName, keySerde: key ?? keySerde, valueSerde: value ?? valueSerde }
  const spec = rowsSpec(store, options)
  const onDemand = options.store === undefined
  const node = builder.add(
    graphNode({
      name,
      parents: [parent],
      table: tableTraits({ store: spec, storeOnDemand: onDemand, from: [] }),
      write: (writer) => writeTableSource(writer, node, name, parent.name),
    }),
  )
  return new Table({ builder, node, keySerde: spec.keySerde, valueSerde: spec.valueSerde, sources })
}

/** A topic as a table. */
export function topicAsTable(
  builder: GraphBuilder,
  contract: AnyTopicContract,
  options: AsTableOptions,
  timestamp: TimestampExtractor | undefined,
): Table {
  const storeName = builder.storeNameOr(options.store, `${contract.name}-`)
  const sourceName = builder.suffixedOr(options.name, '-source', 'KSTREAM-SOURCE-')
  const name = builder.nameOr(options.name, 'KTABLE-SOURCE-')
  const keySerde = contract.key as AnySerde
  const valueSerde = contract.value as AnySerde
  const logged = rowsSpec({ name: storeName, keySerde, valueSerde }, options)
  const isPlain = logged.changelog !== undefined && logged.kind === 'keyValue'
  const restoresFrom = isPlain && builder.reusesTopic(contract.name) ? contract.name : undefined
  const spec = { ...logged, restoresFrom }
  const node = builder.add(
    graphNode({
      name,
      parents: [],
      table: tableTraits({ store: spec, storeOnDemand: options.store === undefined, from: [] }),
      write(writer) {
        writer.source({ name: sourceName, topic: contract.name, internal: false, keySerde, valueSerde, timestamp })
        writeTableSource(writer, node, name, sourceName)
      },
    }),
  )
  return new Table({ builder, node, keySerde, valueSerde, sources: [sourceName] })
}

function writeTableSource(writer: PhysicalWriter, node: GraphNode, name: string, parent: string): void {
  const store = writer.facts.storeOf(node)
  const sendOldValues = writer.facts.sendsOldValues(node)
  const create =
    store?.kind === 'versioned'
      ? versionedTableSourceOperator(store.name, sendOldValues)
      : tableSourceOperator(store?.name, sendOldValues)
  writer.processor({ name, parents: [parent], create, readsValue: true, stores: store ? [store.name] : [] })
}

function storeSpec(
  options: AsTableOptions,
  keySerde: AnySerde,
  valueSerde: AnySerde | undefined,
): StoreSpec | undefined {
  if (options.store === undefined) return undefined
  const name = checkedName(options.store)
  return rowsSpec({ name, keySerde, valueSerde: valueSerde ?? derivedValueSerde }, options)
}
