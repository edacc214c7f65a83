export interface ControlRecordTypeSchema {
  /** int16, v0+ */
  type: number
}
