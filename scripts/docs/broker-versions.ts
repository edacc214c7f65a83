import type { handlers } from '@millrace/broker/internal'

type Api = (typeof handlers)[number]['api']
type Field = Api['request']['fields'][number]

/** What a version of an API's messages has that the version before it had not, in words. */
export function versionChanges(api: Api, version: number): string[] {
  const changes: string[] = []
  for (const message of [api.request, api.response]) {
    const { added, removed } = fieldChanges(message.fields, version, '')
    if (added.length > 0) changes.push(`${message.kind} gains ${added.map(code).join(', ')}`)
    if (removed.length > 0) changes.push(`${message.kind} loses ${removed.map(code).join(', ')}`)
    if (message.flexibleFrom === version) changes.push(`${message.kind} takes tagged fields`)
  }
  return changes
}

function code(text: string): string {
  return `\`${text}\``
}

function fieldChanges(fields: readonly Field[], version: number, path: string): { added: string[]; removed: string[] } {
  const added: string[] = []
  const removed: string[] = []
  for (const { name, versions, fields: inner } of fields) {
    if (versions.min === version) added.push(path + name)
    else if (versions.max === version - 1) removed.push(path + name)
    else if (versions.min < version && versions.max >= version) {
      const deeper = fieldChanges(inner, version, `${path}${name}.`)
      added.push(...deeper.added)
      removed.push(...deeper.removed)
    }
  }
  return { added, removed }
}
