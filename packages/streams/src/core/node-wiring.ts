import { partitionForKey } from '@millrace/protocol'
import type { FlowRecord } from './flow-record.ts'
import type { NodeFigures, SinkFigures } from './metrics/task-metrics.ts'
import type { DropReason, MissReason, ObservedTime, Processor, ProcessorSetup, TaskFacilities } from './processor.ts'
import type { TaskRecordContext } from './record-context.ts'
import { encodeChange } from './serdes/change-serde.ts'
import { isWindowedSerde, keyFormOf } from './serdes/windowed-serde.ts'
import { attributed, OutputFailure, RefusedOutput, StageFailure } from './stage-failure.ts'
import type { TaskStore } from './stores/task-store.ts'
import type { ReadOnlyStore } from './stores/views.ts'
import { deepFreeze } from './strict.ts'
import type { TaskOutput } from './task.ts'
import type { PhysicalNode, ProcessorNode, SinkChoice, SinkNode } from './topology/physical.ts'
import type { TaskId } from './topology/plan.ts'
import type { StoreSpec } from './topology/store-kinds.ts'

/** Hands a record to a node. */
export type Receive = (record: FlowRecord) => void

export interface WiringOptions {
  readonly nodes: readonly PhysicalNode[]
  readonly taskId: TaskId
  readonly context: TaskRecordContext
  readonly output: TaskOutput
  readonly partitionsOf: (topic: string) => number
  readonly stores: ReadonlyMap<string, TaskStore>
  readonly specOf: (store: string) => StoreSpec
  readonly globalView: (store: string) => ReadOnlyStore | undefined
  readonly facilities: TaskFacilities
  readonly observedTimes: Map<string, ObservedTime>
  readonly drop: (node: string, reason: DropReason) => void
  readonly miss: (node: string, reason: MissReason, timestamp: number, tableTimeMs: number) => void
  /** Time that the input of a source node has reached. */
  readonly timeOf: (source: string) => number
  /** Called when something leaves the task. */
  readonly onOutput: () => void
  /** Asks the handler about a record that cannot be written: returns where it is left out, throws otherwise. */
  readonly notProduced: (failure: StageFailure) => void
  readonly strict: boolean
  readonly figures: WiringFigures
}

/** Where nodes count what they do; `node` only where each record is to be counted. */
export interface WiringFigures {
  readonly sink: (node: string, topic: string) => SinkFigures
  readonly node?: ((name: string) => NodeFigures) | undefined
}

/** Makes the operators of a task, each with its children at hand: a record runs through them in plain calls. */
export function wireNodes(options: WiringOptions): Map<string, Receive> {
  const receivers = new Map<string, Receive>()
  // Children first: a node is given what it forwards to.
  for (const node of [...options.nodes].reverse()) {
    const children = node.children.map((child) => receivers.get(child)!)
    const forward = forwarding(children, options.strict)
    const counts = options.figures.node?.(node.name)
    if (counts === undefined) receivers.set(node.name, receiver(node, children, forward, options))
    else receivers.set(node.name, counted(node, children, forward, counts, options))
  }
  return receivers
}

function receiver(node: PhysicalNode, children: readonly Receive[], forward: Receive, options: WiringOptions): Receive {
  if (node.kind === 'source') return forward
  if (node.kind === 'sink') {
    const { choice } = node
    return guarded(node.name, choice ? choosingReceiver(node, choice, options) : sinkReceiver(node, options))
  }
  return guarded(node.name, processorReceiver(node, children, forward, options))
}

/** Where each record is to be counted, what counts stands between nodes. */
function counted(
  node: PhysicalNode,
  children: readonly Receive[],
  forward: Receive,
  counts: NodeFigures,
  options: WiringOptions,
): Receive {
  const counting = (receive: Receive): Receive => {
    return (record) => {
      counts.forwarded++
      receive(record)
    }
  }
  const receive = receiver(node, children.map(counting), counting(forward), options)
  return (record) => {
    counts.processed++
    receive(record)
  }
}

function processorReceiver(
  node: ProcessorNode,
  children: readonly Receive[],
  forward: Receive,
  options: WiringOptions,
): Receive {
  const { taskId, context, stores, observedTimes, drop } = options
  const setup: ProcessorSetup = {
    node: node.name,
    taskId,
    context,
    forward,
    forwardAt(record) {
      const timeBefore = context.timestamp
      context.timestamp = record.timestamp
      forward(record)
      context.timestamp = timeBefore
    },
    forwardTo: (child, record) => children[child]!(record),
    store: (name) => stores.get(name)!.access as never,
    observedTime(sharedAs = node.name) {
      const time = observedTimes.get(sharedAs) ?? { value: -1 }
      observedTimes.set(sharedAs, time)
      return time
    },
    drop: (reason) => drop(node.name, reason),
    miss: (reason, timestamp, tableTimeMs) => options.miss(node.name, reason, timestamp, tableTimeMs),
    isElsewhere(keyBytes) {
      const { topic, partition } = context
      return topic !== '' && partitionForKey(keyBytes, options.partitionsOf(topic)) !== partition
    },
    timeOf: (sources) => Math.min(...sources.map((source) => options.timeOf(source))),
    children: node.children,
    specOf: options.specOf,
    globalView: options.globalView,
    task: options.facilities,
  }
  const processor: Processor = node.create(setup)
  return (record) => processor.process(record)
}

/** A sink that chooses a topic for each record. */
function choosingReceiver(node: SinkNode, choice: SinkChoice, options: WiringOptions): Receive {
  const { choose, targets, takesNull } = choice
  const { context, drop } = options
  const receivers = new Map(targets.map((each) => [each.topic, sinkReceiver({ ...node, ...each }, options)]))
  return (record) => {
    if (!takesNull && !record.hasValue) return drop(node.name, 'null-value')
    receivers.get(choose(record.value, record.key, context))!(record)
  }
}

function sinkReceiver(node: SinkNode, options: WiringOptions): Receive {
  const { topic, keySerde, valueSerde, changes, partitionOf } = node
  const { context, output, partitionsOf, onOutput } = options
  const windowed = isWindowedSerde(keySerde) ? keySerde : undefined
  const keyForm = keyFormOf(keySerde)
  const figures = options.figures.sink(node.name, topic)
  const notProduced = (cause: unknown, beforeRetry?: () => void): void => {
    const failure = new StageFailure('produce', cause, node.name)
    failure.beforeRetry = beforeRetry
    options.notProduced(failure)
  }
  return (record) => {
    let key: Uint8Array | null | undefined
    let value: Uint8Array | null | undefined
    let partition: number | undefined
    try {
      key = record.keyBytesUnder(keySerde)
      if (key === undefined && keyForm !== keySerde) key = record.keyBytesUnder(keyForm)
      if (key === undefined) key = record.hasKey ? keySerde.serialize(record.key) : null
      if (changes) value = encodeChange(valueSerde, record.value, record.oldValue)
      else {
        value = record.valueBytesUnder(valueSerde)
        if (value === undefined) value = record.hasValue ? valueSerde.serialize(record.value) : null
      }
      if (partitionOf !== undefined) partition = partitionOf(record.value)
      else if (windowed !== undefined && key !== null) {
        partition = partitionForKey(key.subarray(0, -windowed.suffixBytes), partitionsOf(topic))
      }
    } catch (cause) {
      if (cause instanceof StageFailure) throw cause
      return notProduced(cause)
    }
    try {
      output.produce(topic, partition, record.timestamp, key, value, context.headers)
    } catch (cause) {
      if (cause instanceof RefusedOutput) return notProduced(cause.cause, cause.forget)
      throw new OutputFailure(cause)
    }
    onOutput()
    figures.records++
    figures.bytes += (key === null ? 0 : key.length) + (value === null ? 0 : value.length)
    figures.timestamp = record.timestamp
  }
}

function guarded(node: string, receive: Receive): Receive {
  return (record) => {
    try {
      receive(record)
    } catch (error) {
      throw attributed(error, node)
    }
  }
}

function forwarding(children: readonly Receive[], strict: boolean): Receive {
  const [first, second] = children
  if (strict) {
    return (record) => {
      record.freezeValue(deepFreeze)
      for (const child of children) child(record)
    }
  }
  if (first === undefined) return () => {}
  if (second === undefined) return first
  if (children.length === 2) {
    return (record) => {
      first(record)
      second(record)
    }
  }
  return (record) => {
    for (const child of children) child(record)
  }
}
