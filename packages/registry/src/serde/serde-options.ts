import { checkOptions } from '@millrace/base/internal'
import type { SubjectNameStrategy } from './subject-name.ts'

/** How a serde finds the schema that it writes under. What is not said follows the registry's `serdes`. */
export interface SerdeOptions {
  /** Default: `topic`. */
  readonly subjectName?: SubjectNameStrategy
  /** Registers the declared schema where the subject does not have it; otherwise it must be there. Default: true. */
  readonly autoRegisterSchemas?: boolean
  /** Writes under the subject's latest version, and registers nothing. Default: false. */
  readonly useLatestVersion?: boolean
  /** Whether values of the declared schema must be readable under the latest version. Default: true. */
  readonly latestCompatibilityStrict?: boolean
  /** Writes under the schema of this id, and registers nothing. */
  readonly useSchemaId?: number
  /** Whether values of the declared schema must be readable under the schema of that id. Default: true. */
  readonly idCompatibilityStrict?: boolean
  /** Lets the registry disregard differences that mean nothing, such as the order of attributes. Default: false. */
  readonly normalizeSchemas?: boolean
}

export type ResolvedSerdeOptions = Required<Omit<SerdeOptions, 'useSchemaId'>> & Pick<SerdeOptions, 'useSchemaId'>

const defaults: ResolvedSerdeOptions = {
  subjectName: 'topic',
  autoRegisterSchemas: true,
  useLatestVersion: false,
  latestCompatibilityStrict: true,
  idCompatibilityStrict: true,
  normalizeSchemas: false,
}

export function checkSerdeOptions(where: string, options: SerdeOptions): void {
  checkOptions(where, options, {
    subjectName: ['string', 'function'],
    autoRegisterSchemas: 'boolean',
    useLatestVersion: 'boolean',
    latestCompatibilityStrict: 'boolean',
    useSchemaId: { min: 0, integer: true },
    idCompatibilityStrict: 'boolean',
    normalizeSchemas: 'boolean',
  })
}

export function resolveSerdeOptions(own: SerdeOptions, registry: SerdeOptions): ResolvedSerdeOptions {
  return { ...defaults, ...defined(registry), ...defined(own) }
}

function defined(options: SerdeOptions): SerdeOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
