import { streamsError } from '../../errors.ts'
import { passThroughOperator } from '../operators/pass-through.ts'
import { derivedValueSerde } from '../serdes/derived-serdes.ts'
import { type GraphNode, graphNode } from '../topology/graph.ts'
import type { AnySerde } from '../topology/physical.ts'
import type { SessionWindows } from '../windows/session-window.ts'
import type { SlidingWindows } from '../windows/sliding-window.ts'
import type { Windows } from '../windows/windows.ts'
import { plainKind, sessionKind, timeKind } from './aggregate-kinds.ts'
import { type AggregateKind, type AggregateOptions, type AnyFn, initialOf } from './aggregations.ts'
import type { GroupedStream } from './grouped-stream.ts'
import type { Table } from './table.ts'
import { tableTraits } from './table-spec.ts'
import { mergeOf } from './windowed-stream.ts'

type Input = readonly [grouped: GroupedStream, fn: AnyFn]

const prefix = 'COGROUPKSTREAM-AGGREGATE-'

/** Several grouped streams that are folded into one aggregate (KIP-150). */
export class CogroupedStream {
  readonly #inputs: readonly Input[]

  constructor(inputs: readonly Input[]) {
    this.#inputs = inputs
  }

  and(grouped: unknown, fn: AnyFn): CogroupedStream {
    const others = this.#inputs.filter(([known]) => known !== grouped)
    return new CogroupedStream([...others, [grouped as GroupedStream, fn]])
  }

  aggregate(options: AggregateOptions): Table {
    return this.#add(plainKind(this.#keySerde), options, 'none')
  }

  window(windows: Windows | SlidingWindows | SessionWindows): { aggregate(options: AggregateOptions): Table } {
    const keySerde = this.#keySerde
    if ('gapMs' in windows) {
      return {
        aggregate: (options) => this.#add(sessionKind(windows, keySerde, mergeOf(options)), options, 'windows'),
      }
    }
    return { aggregate: (options) => this.#add(timeKind(windows, keySerde), options, 'windows') }
  }

  get #keySerde(): AnySerde {
    return this.#inputs[0]![0].grouping.keySerde
  }

  #add(kind: AggregateKind, options: AggregateOptions, windowing: 'none' | 'windows'): Table {
    const inputs = this.#inputs
    const { builder } = inputs[0]![0].stream.state
    mustBeNamed(inputs)
    const storeName = builder.storeNameOr(options.store, prefix)
    const repartitions = inputs.map(([grouped]) => grouped.repartitioned(storeName))
    const upstreams = inputs.map(([{ stream }], at) => repartitions[at] ?? stream.state.node)
    const names = inputs.map((_, at) => builder.suffixedOr(options.name, `-cogroup-agg-${at}`, prefix))
    const name = builder.suffixedOr(options.name, '-cogroup-merge', 'COGROUPKSTREAM-MERGE-')
    const spec = kind.spec(storeName, options.value ?? derivedValueSerde, options)
    const sources = inputs.flatMap(([{ stream }], at) => repartitions[at]?.name ?? stream.state.sources)
    const initial = initialOf(options)
    const node: GraphNode = builder.add(
      graphNode({
        name,
        parents: upstreams,
        joins: inputs.length > 1 ? [...new Set(sources)] : [],
        closesAfterMs: kind.closesAfterMs,
        table: tableTraits({ store: spec, from: [] }),
        write(writer) {
          const sendOldValues = writer.facts.sendsOldValues(node)
          for (const [at, [grouped, add]] of inputs.entries()) {
            const skipsNullValues = windowing === 'none' || !grouped.stream.state.takesNull
            const aggregation = { initial, add, readsValue: true, skipsNullValues }
            const create = kind.create(aggregation, storeName, sendOldValues)
            const parents = [upstreams[at]!.name]
            writer.processor({ name: names[at]!, parents, create, readsValue: true, stores: [storeName] })
          }
          writer.processor({ name, parents: names, create: passThroughOperator, readsValue: false })
        },
      }),
    )
    const { valueSerde } = spec
    return builder.make.table({ builder, node, keySerde: kind.keySerde, valueSerde, sources: [...new Set(sources)] })
  }
}

/** Repartition topics without name are named after the store: of two, records would come through one another's. */
function mustBeNamed(inputs: readonly Input[]): void {
  const unnamed = inputs.filter(
    ([{ stream, grouping }]) => stream.state.keyChanged && grouping.repartition === undefined,
  )
  if (unnamed.length <= 1) return
  throw streamsError(
    'STREAMS_TOPOLOGY_INVALID',
    'cogroup: name the groupings of streams whose keys were changed, groupByKey({ name }): each gets a repartition topic',
  )
}
