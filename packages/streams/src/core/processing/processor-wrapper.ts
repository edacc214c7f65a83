import type { Header } from '@millrace/protocol'
import { streamsError } from '../../errors.ts'
import type { FlowRecord } from '../flow-record.ts'
import { type CreateProcessor, type Processor, type ProcessorSetup, settled } from '../processor.ts'
import type { DeclaredStore, StoreBuilder } from '../stores/store-builders.ts'
import type { PhysicalWriter } from '../topology/graph.ts'
import type { ProcessingContext, ProcessorRecord } from './processor-api.ts'
import { TaskContext } from './task-context.ts'

/** Stands around a processor: it sees each record first, and hands it on by calling `next`, or does not. */
export interface ProcessorAround {
  /** The record is valid during the call; its key and value are parsed when they are asked for. */
  process(record: ProcessorRecord<unknown, unknown>, next: () => void): void
  close?(): void
}

export interface ProcessorWrapping {
  /** Stores that it brings along. */
  readonly stores?: readonly StoreBuilder<unknown>[]
  readonly create: (context: ProcessingContext) => ProcessorAround
}

/**
 * Asked for every step of a topology that is neither source nor sink, by the step's name (KIP-1112); undefined leaves the
 * step alone. Unlike in Kafka Streams it is asked for processors that fill stores from topics, too: it brings no stores
 * to those of global stores.
 *
 * @example
 * const timed: ProcessorWrapper = ({ name }) => ({
 *   create: () => ({
 *     process(_record, next) {
 *       const began = performance.now()
 *       next()
 *       histogram.record(name, performance.now() - began)
 *     },
 *   }),
 * })
 * topology('spend', { wrapProcessor: timed })
 */
export type ProcessorWrapper = (step: { readonly name: string }) => ProcessorWrapping | undefined

/** A writer whose processors are wrapped. */
export function wrappingWriter(writer: PhysicalWriter, wrap: ProcessorWrapper): PhysicalWriter {
  return {
    ...writer,
    globalStore(node) {
      const wrapping = node.process && wrap({ name: node.name })
      if (wrapping === undefined) {
        writer.globalStore(node)
        return
      }
      if (wrapping.stores?.length) {
        const message = `${node.name} fills a global store: what stands around it brings no stores of its own`
        throw streamsError('STREAMS_TOPOLOGY_INVALID', message, { node: node.name })
      }
      writer.globalStore({ ...node, process: wrappedOperator(node.process!, wrapping, []) })
    },
    processor(node) {
      const wrapping = wrap({ name: node.name })
      if (wrapping === undefined) {
        writer.processor(node)
        return
      }
      const own = (wrapping.stores ?? []).map((store) => (store as DeclaredStore<unknown>).spec)
      for (const spec of own) writer.store(spec)
      const names = own.map(({ name }) => name)
      const create = wrappedOperator(node.create, wrapping, names)
      writer.processor({ ...node, create, stores: [...(node.stores ?? []), ...names] })
    },
  }
}

function wrappedOperator(
  create: CreateProcessor,
  wrapping: ProcessorWrapping,
  stores: readonly string[],
): CreateProcessor {
  return (setup) => new WrappedProcessor(setup, create(setup), wrapping, stores)
}

class WrappedProcessor implements Processor, ProcessorRecord<unknown, unknown> {
  readonly #setup: ProcessorSetup
  readonly #inner: Processor
  readonly #next = (): void => this.#inner.process(this.#record!)
  #around: ProcessorAround | undefined
  #record: FlowRecord | undefined

  constructor(setup: ProcessorSetup, inner: Processor, wrapping: ProcessorWrapping, stores: readonly string[]) {
    this.#setup = setup
    this.#inner = inner
    const context = new TaskContext(setup, stores)
    setup.task.onStart(
      () => {
        this.#around = wrapping.create(context)
      },
      () => {
        const around = this.#around
        this.#around = undefined
        around?.close?.()
      },
    )
  }

  process(record: FlowRecord): void {
    this.#record = record
    settled(this.#around!.process(this, this.#next), this.#setup.node)
  }

  get key(): unknown {
    return this.#record!.key
  }

  get value(): unknown {
    return this.#record!.value
  }

  get timestamp(): number {
    return this.#record!.timestamp
  }

  get headers(): readonly Header[] {
    return this.#setup.context.headers
  }
}
