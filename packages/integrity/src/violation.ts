/** What becomes of records that refer to one which is deleted. */
export type OnDelete = 'cascade' | 'restrict' | 'report'

/**
 * - `deleted`: the record that is referred to was there, and was deleted;
 * - `missing`: nobody has ever seen it, although there was time.
 */
export type ViolationReason = 'deleted' | 'missing'

/** A reference, by the keys at its ends. */
export interface ViolationKey<Child = unknown, Parent = unknown> {
  /** Key of the record that refers. */
  readonly child: Child
  /** What it refers to. */
  readonly parent: Parent
}

/** A reference that leads nowhere. A tombstone says that it is healed. */
export interface Violation<Child = unknown, Parent = unknown> extends ViolationKey<Child, Parent> {
  readonly reason: ViolationReason
  /** What is asked for: the child follows (`cascade`), the parent comes back (`restrict`), or somebody looks at it. */
  readonly action: OnDelete
  /** When it was found, in epoch milliseconds. */
  readonly sinceMs: number
  /** How many audits have found it since; each asks again for what is to be done. */
  readonly audits: number
}

/** One audit of one task: together the tasks look at every reference. */
export interface AuditReport {
  readonly startedMs: number
  readonly finishedMs: number
  readonly references: number
  readonly violations: number
}
