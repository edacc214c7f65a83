import type { Clock } from '@millrace/base'
import type { KafkaClient } from '@millrace/kafka'
import { parseTableName, tableText } from '../../../postgres/identifiers.ts'
import { reportNotice } from '../../../runtime/diagnostics.ts'
import type { RowChange } from '../pgoutput.ts'
import type { SnapshotProgress } from '../snapshots/progress.ts'
import type { Notifier } from './notifications.ts'
import { type Signal, type SignalOptions, signalOf } from './signal.ts'
import { FileSignals, TopicSignals } from './signal-channels.ts'
import { SignalDesk } from './signal-desk.ts'

/** What of the signals is part of the stored position. */
export interface SignalState {
  readonly seen: readonly string[]
  /** In the topic of signals. */
  readonly offset?: number
}

/** The signals of a source, from all its channels. */
export class Signals {
  readonly #options: SignalOptions
  readonly #desk: SignalDesk
  readonly #topic: TopicSignals | undefined
  readonly #file: FileSignals | undefined
  readonly #table: string | undefined
  #fromTable: Signal[] = []
  #state: SignalState

  private constructor(
    options: SignalOptions,
    desk: SignalDesk,
    state: SignalState,
    topic?: TopicSignals,
    clock?: Clock,
  ) {
    this.#options = options
    this.#desk = desk
    this.#state = state
    this.#topic = topic
    this.#file = options.file !== undefined && clock ? new FileSignals(options.file, clock) : undefined
    this.#table = options.table === undefined ? undefined : tableText(parseTableName(options.table))
  }

  static async open(
    options: SignalOptions,
    context: {
      readonly connector: string
      readonly tables: readonly string[]
      readonly notifier: Notifier
      readonly client: KafkaClient
      readonly clock: Clock
      readonly state: SignalState | undefined
    },
  ): Promise<Signals> {
    const { connector, tables, notifier, client, clock, state } = context
    const { actions = {}, topic, topicKey = connector } = options
    const log = (message: string): void => reportNotice(connector, `signal: ${message}`)
    const desk = new SignalDesk({ tables, actions, notifier, now: () => clock.now(), log }, state?.seen)
    const opened = topic === undefined ? undefined : await TopicSignals.open(client, topic, topicKey, state?.offset)
    const first = { seen: desk.seen, ...(opened && { offset: opened.offset }) }
    return new Signals(options, desk, first, opened, clock)
  }

  get state(): SignalState {
    return this.#state
  }

  get hasTable(): boolean {
    return this.#table !== undefined
  }

  /** Whether a change is a signal rather than a row that is captured. */
  isSignal(change: RowChange): boolean {
    return this.#table !== undefined && tableText(change.relation) === this.#table
  }

  /** A change of the table of signals; only inserts mean something. */
  received({ operation, relation, row }: RowChange): void {
    if (operation !== 'insert' || !row) return
    const text = (name: string): string => row.text(relation.columns.findIndex((column) => column.name === name))
    const signal = signalOf(text('id'), text('type'), text('data'))
    if (typeof signal !== 'string') this.#fromTable.push(signal)
  }

  /** What is to be read after all signals that have come. */
  async act(progress: SnapshotProgress | undefined): Promise<SnapshotProgress | undefined> {
    const signals = [
      ...this.#fromTable.splice(0),
      ...(this.#options.inProcess?.take() ?? []),
      ...(this.#topic?.take() ?? []),
      ...((await this.#file?.take()) ?? []),
    ]
    if (signals.length === 0) return progress
    const next = signals.reduce((found, signal) => this.#desk.act(signal, found), progress)
    this.#state = { seen: this.#desk.seen, ...(this.#topic && { offset: this.#topic.offset }) }
    return next
  }

  async committed(): Promise<void> {
    await this.#file?.committed()
  }

  async close(): Promise<void> {
    await this.#topic?.close()
  }
}
