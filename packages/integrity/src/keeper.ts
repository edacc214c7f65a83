import {
  type KeyValueStore,
  keyValueStore,
  type ProcessorContext,
  type ProcessorRecord,
  type ProcessorSupplier,
  type RecordProcessor,
} from '@millrace/streams'
import { referenceText, type Signal } from './signals.ts'
import type { AuditReport, OnDelete, Violation, ViolationKey, ViolationReason } from './violation.ts'

export interface KeeperOptions {
  readonly onDelete: OnDelete
  /** Whether records that refer to what nobody has seen are treated as if it had been deleted. */
  readonly repairsMissing: boolean
  readonly graceMs: number
  readonly auditIntervalMs: number
  readonly deletedRetentionMs: number
  /** Whether several records may have the value that is referred to, one after the other or at once. */
  readonly isByField: boolean
}

/** What the keeper hands on: a violation, its end (`null`), or the report of an audit, which has no key. */
export type Finding =
  | { readonly kind: 'violation'; readonly key: ViolationKey; readonly violation: Violation | null }
  | { readonly kind: 'audit'; readonly task: string; readonly report: AuditReport }

interface Parent {
  readonly present: boolean
  readonly sinceMs: number
}

interface Reference {
  readonly child: unknown
  readonly parent: unknown
  readonly sinceMs: number
  /** The violation that was told of it and is not healed. */
  readonly told?: { readonly reason: ViolationReason; readonly sinceMs: number; readonly audits: number }
}

/** One step of an audit looks at so many entries, so that records never wait long for it; at more where it would be late. */
const entriesPerStepMin = 2_000
const entriesPerStepMax = 10_000
const stepMsMax = 250
/** References that an audit found too young to judge, and that are looked at as soon as they are not; others wait for the next. */
const youngMax = 10_000

/** Keeps who refers to what, and says where a reference leads nowhere. All that refers to one value is in one task. */
export function keeper(options: KeeperOptions): ProcessorSupplier<string, Signal, string, Finding> {
  const parents = keyValueStore<string, Parent>({ name: 'parents' })
  const references = keyValueStore<string, Reference>({ name: 'references' })
  const holders = keyValueStore<string, true>({ name: 'holders' })
  return {
    stores: options.isByField ? [parents, references, holders] : [parents, references],
    create: (context) =>
      new Keeper(
        context,
        {
          parents: context.store(parents),
          references: context.store(references),
          holders: options.isByField ? context.store(holders) : undefined,
        },
        options,
      ),
  }
}

/** Audit that is under way: where it stands and what it has seen. */
interface Pass {
  readonly startedMs: number
  /** References first, then the parents that are forgotten. */
  phase: 'references' | 'parents'
  after: string | undefined
  references: number
  violations: number
}

interface Stores {
  readonly parents: KeyValueStore<string, Parent>
  readonly references: KeyValueStore<string, Reference>
  /** The records that have a value, under the value and the record's key; of keys there is no need to ask whose they are. */
  readonly holders: KeyValueStore<string, true> | undefined
}

class Keeper implements RecordProcessor<ProcessorRecord<string, Signal>> {
  readonly #context: ProcessorContext<string, Finding>
  readonly #parents: KeyValueStore<string, Parent>
  readonly #references: KeyValueStore<string, Reference>
  readonly #holders: KeyValueStore<string, true> | undefined
  readonly #options: KeeperOptions
  /** A value that a record gave up may be on its way to another, whose change is read later. */
  readonly #handOverMs: number
  #pass: Pass | undefined
  #nextPassMs = 0
  #entriesPerStep = entriesPerStepMin
  /** Keys of references, and when the first of them is old enough. */
  #young: string[] = []
  #youngDueMs = Number.POSITIVE_INFINITY
  /** When a record that was old already told of a parent: then the topic is being read anew, and more will come. */
  #oldParentMs = Number.NEGATIVE_INFINITY

  constructor(
    context: ProcessorContext<string, Finding>,
    { parents, references, holders }: Stores,
    options: KeeperOptions,
  ) {
    this.#context = context
    this.#parents = parents
    this.#references = references
    this.#holders = holders
    this.#options = options
    this.#handOverMs = options.isByField ? options.graceMs : 0
    const everyMs = Math.max(1, Math.min(stepMsMax, Math.floor(options.auditIntervalMs / 4)))
    context.schedule({ everyMs, by: 'wallClock' }, (nowMs) => this.#step(nowMs))
  }

  process({ key, value, timestamp }: ProcessorRecord<string, Signal>): void {
    const nowMs = this.#context.wallClockMs
    if (value.kind === 'parent') {
      if (timestamp < nowMs - this.#options.graceMs) this.#oldParentMs = nowMs
      this.#parentChanged(key, this.#isHeld(key, value), nowMs)
    } else this.#referenceChanged(key, value, nowMs)
  }

  /** Whether any record has the value, now that one has it or has it no more. */
  #isHeld(text: string, { present, holder }: Extract<Signal, { kind: 'parent' }>): boolean {
    if (!this.#holders || holder === undefined) return present
    const key = prefixOf(text) + holder
    if (present) this.#holders.put(key, true)
    else this.#holders.delete(key)
    return (
      present ||
      !this.#holders
        .range({ prefix: prefixOf(text), limit: 1 })
        [Symbol.iterator]()
        .next().done
    )
  }

  #parentChanged(text: string, present: boolean, nowMs: number): void {
    const known = this.#parents.get(text)
    if (known?.present && present) return
    const parent = { present, sinceMs: nowMs }
    this.#parents.put(text, parent)
    // Copied first: telling changes the store that is being read.
    for (const { key, value } of [...this.#references.range({ prefix: prefixOf(text) })]) {
      if (present) this.#heal(key, value)
      else this.#tellDeleted(key, value, parent, nowMs)
    }
  }

  #referenceChanged(text: string, signal: Extract<Signal, { kind: 'reference' }>, nowMs: number): void {
    const key = prefixOf(text) + referenceText(signal.child)
    if (!signal.held) {
      const known = this.#references.get(key)
      if (known) this.#heal(key, known)
      this.#references.delete(key)
      return
    }
    const reference = { child: signal.child, parent: signal.parent, sinceMs: nowMs }
    this.#references.put(key, reference)
    // What was deleted before is known to be gone; what is not known yet may be on its way.
    const parent = this.#parents.get(text)
    if (parent?.present === false) this.#tellDeleted(key, reference, parent, nowMs)
  }

  #tellDeleted(key: string, reference: Reference, parent: Parent, nowMs: number): void {
    const dueMs = parent.sinceMs + this.#handOverMs
    if (nowMs < dueMs) this.#lookAgain(key, dueMs)
    else this.#tell(key, reference, 'deleted', nowMs, false)
  }

  /** Where there are too many to remember, the next audit does. */
  #lookAgain(key: string, dueMs: number): void {
    if (this.#young.length >= youngMax) return
    this.#young.push(key)
    this.#youngDueMs = Math.min(this.#youngDueMs, dueMs)
  }

  #step(nowMs: number): void {
    this.#auditYoung(nowMs)
    if (!this.#pass) {
      if (nowMs < this.#nextPassMs) return
      this.#nextPassMs = nowMs + this.#options.auditIntervalMs
      this.#forgetYoung()
      this.#pass = { startedMs: nowMs, phase: 'references', after: undefined, references: 0, violations: 0 }
    }
    const pass = this.#pass
    const elapsedMs = nowMs - pass.startedMs
    // It is to be over when the next one is due, however many there are.
    if (elapsedMs > this.#options.auditIntervalMs / 4) {
      this.#entriesPerStep = Math.min(entriesPerStepMax, this.#entriesPerStep * 2)
    }
    for (let left = this.#entriesPerStep; left > 0 && this.#pass; ) left -= this.#part(pass, left, nowMs)
    if (!this.#pass && elapsedMs < this.#options.auditIntervalMs / 8) {
      this.#entriesPerStep = Math.max(entriesPerStepMin, Math.floor(this.#entriesPerStep / 2))
    }
  }

  /** Those that have come of age since an audit passed them over. */
  #auditYoung(nowMs: number): void {
    if (nowMs < this.#youngDueMs) return
    for (const key of this.#forgetYoung()) {
      const reference = this.#references.get(key)
      if (reference && !reference.told) this.#audit(key, reference, undefined, nowMs)
    }
  }

  #forgetYoung(): readonly string[] {
    const keys = this.#young
    this.#young = []
    this.#youngDueMs = Number.POSITIVE_INFINITY
    return keys
  }

  /** Looks at the next entries, at most so many, and returns how many there were. */
  #part(pass: Pass, limit: number, nowMs: number): number {
    if (pass.phase === 'references') {
      const entries = this.#next(this.#references, pass, limit)
      for (const { key, value } of entries) this.#audit(key, value, pass, nowMs)
      return entries.length
    }
    const oldestMs = nowMs - this.#options.deletedRetentionMs
    const entries = this.#next(this.#parents, pass, limit)
    for (const { key, value } of entries) if (!value.present && value.sinceMs < oldestMs) this.#parents.delete(key)
    return entries.length
  }

  /** The next entries of a store; moves the pass on when there are no more. */
  #next<V>(store: KeyValueStore<string, V>, pass: Pass, limit: number): { readonly key: string; readonly value: V }[] {
    const query = { ...(pass.after !== undefined && { from: pass.after }), limit: limit + 1 }
    const entries = [...store.range(query)].filter(({ key }) => key !== pass.after).slice(0, limit)
    pass.after = entries.at(-1)?.key
    if (entries.length === limit) return entries
    pass.after = undefined
    if (pass.phase === 'references') pass.phase = 'parents'
    else this.#finish(pass)
    return entries
  }

  #audit(key: string, reference: Reference, pass: Pass | undefined, nowMs: number): void {
    if (pass) pass.references++
    const parent = this.#parents.get(textOf(reference))
    if (parent?.present) {
      this.#heal(key, reference)
      return
    }
    const dueMs = parent
      ? parent.sinceMs + this.#handOverMs
      : Math.max(reference.sinceMs, this.#oldParentMs) + this.#options.graceMs
    if (nowMs < dueMs && !reference.told) {
      this.#lookAgain(key, dueMs)
      return
    }
    if (pass) pass.violations++
    // What was only not told at once is not what an audit found.
    this.#tell(key, reference, parent ? 'deleted' : 'missing', nowMs, pass !== undefined || !parent)
  }

  #finish({ startedMs, references, violations }: Pass): void {
    this.#pass = undefined
    const task = this.#context.taskId
    const report = { startedMs, finishedMs: this.#context.wallClockMs, references, violations }
    this.#context.forward({ key: task, value: { kind: 'audit', task, report } })
  }

  #tell(key: string, reference: Reference, reason: ViolationReason, nowMs: number, isAudit: boolean): void {
    const { child, parent, told } = reference
    const action = reason === 'missing' && !this.#options.repairsMissing ? 'report' : this.#options.onDelete
    // A report stands until it is healed; what asks for something to be done asks again.
    if (told?.reason === reason && (!isAudit || action === 'report')) return
    const sinceMs = told?.sinceMs ?? nowMs
    const audits = (told?.audits ?? 0) + (isAudit ? 1 : 0)
    this.#references.put(key, { ...reference, told: { reason, sinceMs, audits } })
    const violation = { child, parent, reason, action, sinceMs, audits }
    this.#context.forward({ key, value: { kind: 'violation', key: { child, parent }, violation } })
  }

  #heal(key: string, { told, ...reference }: Reference): void {
    if (!told) return
    this.#references.put(key, reference)
    const { child, parent } = reference
    this.#context.forward({ key, value: { kind: 'violation', key: { child, parent }, violation: null } })
  }
}

/** Text in quotes, which no other text in quotes begins with. */
function prefixOf(text: string): string {
  return JSON.stringify(text)
}

function textOf({ parent }: Reference): string {
  return referenceText(parent)
}
