export { type Integrity, type IntegrityOptions, integrity } from './integrity.ts'
export type { AuditReport, OnDelete, Violation, ViolationKey, ViolationReason } from './violation.ts'
