import { partitionForKey } from '@millrace/protocol'
import type { FlowRecord } from './flow-record.ts'
import type { DropReason, ObservedTime, Processor, ProcessorSetup, TaskFacilities } from './processor.ts'
import type { TaskRecordContext } from './record-context.ts'
import { encodeChange } from './serdes/change-serde.ts'
import { isWindowedSerde } from './serdes/windowed-serde.ts'
import { attributed, OutputFailure, StageFailure } from './stage-failure.ts'
import type { TaskStore } from './stores/task-store.ts'
import { deepFreeze } from './strict.ts'
import type { TaskOutput } from './task.ts'
import type { PhysicalNode, ProcessorNode, SinkNode } from './topology/physical.ts'
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
  readonly facilities: TaskFacilities
  readonly observedTimes: Map<string, ObservedTime>
  readonly drop: (node: string, reason: DropReason) => void
  /** Called when something leaves the task. */
  readonly onOutput: () => void
  readonly strict: boolean
}

/** Makes the operators of a task, each with its children at hand: a record runs through them in plain calls. */
export function wireNodes(options: WiringOptions): Map<string, Receive> {
  const receivers = new Map<string, Receive>()
  // Children first: a node is given what it forwards to.
  for (const node of [...options.nodes].reverse()) {
    const children = node.children.map((child) => receivers.get(child)!)
    const forward = forwarding(children, options.strict)
    if (node.kind === 'source') receivers.set(node.name, forward)
    else if (node.kind === 'sink') receivers.set(node.name, guarded(node.name, sinkReceiver(node, options)))
    else receivers.set(node.name, guarded(node.name, processorReceiver(node, children, forward, options)))
  }
  return receivers
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
    children: node.children,
    specOf: options.specOf,
    task: options.facilities,
  }
  const processor: Processor = node.create(setup)
  return (record) => processor.process(record)
}

function sinkReceiver(node: SinkNode, options: WiringOptions): Receive {
  const { topic, keySerde, valueSerde, changes } = node
  const { context, output, partitionsOf, onOutput } = options
  const windowed = isWindowedSerde(keySerde) ? keySerde : undefined
  return (record) => {
    let key: Uint8Array | null | undefined
    let value: Uint8Array | null | undefined
    let partition: number | undefined
    try {
      key = record.keyBytesUnder(keySerde)
      if (key === undefined) key = record.hasKey ? keySerde.serialize(record.key) : null
      if (changes) value = encodeChange(valueSerde, record.value, record.oldValue)
      else {
        value = record.valueBytesUnder(valueSerde)
        if (value === undefined) value = record.hasValue ? valueSerde.serialize(record.value) : null
      }
      if (windowed !== undefined && key !== null) {
        partition = partitionForKey(Buffer.from(key.subarray(0, -windowed.suffixBytes)), partitionsOf(topic))
      }
    } catch (cause) {
      throw cause instanceof StageFailure ? cause : new StageFailure('produce', cause)
    }
    onOutput()
    try {
      output.produce(topic, partition, record.timestamp, key, value, context.headers)
    } catch (cause) {
      throw new OutputFailure(cause)
    }
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
