import { streamsError } from '../../errors.ts'
import { passThroughOperator } from '../operators/pass-through.ts'
import { selfJoinOperator } from '../operators/self-join.ts'
import {
  joinWindowOperator,
  type StreamJoiner,
  type StreamJoinOptions,
  streamJoinOperator,
} from '../operators/stream-join.ts'
import type { CreateProcessor } from '../processor.ts'
import { derivedKeySerde, derivedValueSerde } from '../serdes/derived-serdes.ts'
import { type GraphNode, graphNode, type PhysicalWriter } from '../topology/graph.ts'
import type { AnySerde } from '../topology/physical.ts'
import type { StoreSpec } from '../topology/store-kinds.ts'
import type { JoinWindows } from '../windows/join-windows.ts'
import { checkedName } from './graph-builder.ts'
import type { Stream } from './stream.ts'

export interface StreamJoinSettings {
  readonly within?: JoinWindows
  readonly name?: string
  readonly store?: string
  readonly key?: AnySerde
  readonly value?: AnySerde
  readonly otherValue?: AnySerde
}

/** Which records make a result although they find no partner. */
export interface AloneResults {
  readonly left: boolean
  readonly right: boolean
}

/** Joins two streams of the same key, each behind a repartition topic where its key was changed. */
export function joinStreams(
  left: Stream,
  right: Stream,
  joiner: StreamJoiner,
  settings: StreamJoinSettings | undefined,
  alone: AloneResults,
): Stream {
  const { name, within: windows } = settings ?? {}
  if (windows === undefined) {
    throw streamsError('STREAMS_TOPOLOGY_INVALID', 'a join of two streams needs { within: joinWindows(…) }')
  }
  const { builder } = left.state
  const side = (stream: Stream, suffix: string, value: AnySerde | undefined): Stream =>
    stream.repartitioned({
      ...(settings?.key && { key: settings.key }),
      ...(value && { value }),
      topic: name === undefined ? stream.state.node.name : `${checkedName(name)}${suffix}`,
      reuse: name === undefined,
    })
  const one = side(left, '-left', settings?.value)
  const two = side(right, '-right', settings?.otherValue)
  const names = joinNames(left, settings ?? {}, alone)
  const keySerde = settings?.key ?? one.state.keySerde ?? derivedKeySerde
  const leftSerde = settings?.value ?? one.state.valueSerde ?? derivedValueSerde
  const rightSerde = settings?.otherValue ?? two.state.valueSerde ?? derivedValueSerde
  const sources = [...new Set([...one.state.sources, ...two.state.sources])]
  const parents = [one.state.node, two.state.node]
  const parts = { parents, names, alone, windows, joiner, keySerde, leftSerde, rightSerde }
  const write = (writer: PhysicalWriter): void => {
    const [first, second] = parents.map((parent) => writer.parentName(parent.name))
    const isSelf = first === second && builder.optimizations.has('single.store.self.join')
    if (isSelf) writeSelfJoin(writer, parts)
    else writeJoin(writer, parts)
  }
  const takesNullKeys = alone.left || alone.right
  const node = builder.add(graphNode({ name: names.merge, parents, joins: sources, stream: { takesNullKeys }, write }))
  return builder.make.stream({
    builder,
    node,
    keySerde,
    valueSerde: undefined,
    sources,
    keyChanged: false,
    takesNull: true,
  })
}

interface JoinParts {
  readonly parents: readonly GraphNode[]
  readonly names: ReturnType<typeof joinNames>
  readonly alone: AloneResults
  readonly windows: JoinWindows
  readonly joiner: StreamJoiner
  readonly keySerde: AnySerde
  readonly leftSerde: AnySerde
  readonly rightSerde: AnySerde
}

function writeJoin(writer: PhysicalWriter, parts: JoinParts): void {
  const { parents, names, alone, windows, joiner, keySerde, leftSerde, rightSerde } = parts
  const shared = alone.left ? names.sharedStore : undefined
  const common = { windows, joiner, outerStore: shared, timeName: names.merge }
  const fromLeft: StreamJoinOptions = { ...common, isLeft: true, otherStore: names.rightStore, ownAlone: alone.left }
  const fromRight: StreamJoinOptions = { ...common, isLeft: false, otherStore: names.leftStore, ownAlone: alone.right }
  writer.store(windowStore(names.leftStore, leftSerde, parts))
  writer.store(windowStore(names.rightStore, rightSerde, parts))
  if (shared !== undefined) {
    const traits = { keySerde, valueSerde: leftSerde, cached: false, changelog: {} }
    writer.store({ ...traits, kind: 'outerJoin', name: shared, leftSerde, rightSerde })
  }
  const waiting = shared === undefined ? [] : [shared]
  writeSteps(writer, [
    [names.leftWindowed, [parents[0]!.name], joinWindowOperator(names.leftStore), [names.leftStore]],
    [names.rightWindowed, [parents[1]!.name], joinWindowOperator(names.rightStore), [names.rightStore]],
    [names.left, [names.leftWindowed], streamJoinOperator(fromLeft), [names.rightStore, ...waiting]],
    [names.right, [names.rightWindowed], streamJoinOperator(fromRight), [names.leftStore, ...waiting]],
    [names.merge, [names.left, names.right], passThroughOperator, []],
  ])
}

/** As Kafka Streams' optimisation: left and outer joins too, since no record is alone where it meets itself. */
function writeSelfJoin(writer: PhysicalWriter, parts: JoinParts): void {
  const { parents, names, windows, joiner, leftSerde } = parts
  const stores = [names.leftStore]
  writer.store(windowStore(names.leftStore, leftSerde, parts))
  writeSteps(writer, [
    [names.leftWindowed, [parents[0]!.name], joinWindowOperator(names.leftStore), stores],
    [names.merge, [names.leftWindowed], selfJoinOperator(names.leftStore, windows, joiner), stores],
  ])
}

function windowStore(name: string, valueSerde: AnySerde, { keySerde, windows }: JoinParts): StoreSpec {
  const retentionMs = windows.beforeMs + windows.afterMs + windows.graceMs
  return { kind: 'windowList', name, keySerde, valueSerde, cached: false, changelog: {}, retentionMs }
}

type JoinStep = readonly [name: string, parents: readonly string[], create: CreateProcessor, stores: readonly string[]]

function writeSteps(writer: PhysicalWriter, steps: readonly JoinStep[]): void {
  for (const [name, parents, create, stores] of steps) {
    writer.processor({ name, parents, create, readsValue: true, stores })
  }
}

/** Names in the order in which Kafka Streams makes them; every number is used up, whatever is named. */
function joinNames({ state: { builder } }: Stream, { name, store }: StreamJoinSettings, alone: AloneResults) {
  const leftSuffix = alone.right ? '-outer-this-join' : '-this-join'
  const rightSuffix = alone.left ? '-outer-other-join' : '-other-join'
  const leftWindowed = builder.suffixedOr(name, '-this-windowed', 'KSTREAM-WINDOWED-')
  const rightWindowed = builder.suffixedOr(name, '-other-windowed', 'KSTREAM-WINDOWED-')
  const leftPrefix = alone.right ? 'KSTREAM-OUTERTHIS-' : 'KSTREAM-JOINTHIS-'
  const left = builder.newName(leftPrefix)
  const right = builder.newName(alone.left ? 'KSTREAM-OUTEROTHER-' : 'KSTREAM-JOINOTHER-')
  const merge = builder.suffixedOr(name, '-merge', 'KSTREAM-MERGE-')
  const base = store === undefined ? undefined : checkedName(store)
  const stored = (suffix: string, generated: string): string =>
    `${base === undefined ? generated : base + suffix}-store`
  const sharedSuffix = alone.right ? '-outer-shared-join' : '-left-shared-join'
  return {
    leftWindowed,
    rightWindowed,
    left: name === undefined ? left : `${name}${leftSuffix}`,
    right: name === undefined ? right : `${name}${rightSuffix}`,
    merge,
    leftStore: stored(leftSuffix, left),
    rightStore: stored(rightSuffix, right),
    sharedStore: stored(sharedSuffix, `KSTREAM-OUTERSHARED-${left.slice(leftPrefix.length)}`),
  }
}
