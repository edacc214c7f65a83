import { reportNotice } from '../../../runtime/diagnostics.ts'

/** Notices of a connector, each said once: many rows, and every session, may have the same to say. */
export function noticeOnce(connector: string): (text: string) => void {
  const told = new Set<string>()
  return (text) => {
    if (told.has(text)) return
    told.add(text)
    reportNotice(connector, text)
  }
}
