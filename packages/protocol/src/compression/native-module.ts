import { createRequire } from 'node:module'
import { protocolError } from '../errors.ts'

/**
 * Loads a native codec when the first batch needs it: starting a process costs nothing for codecs it never meets.
 * Throws PROTOCOL_UNSUPPORTED_COMPRESSION when there is no binary for this platform.
 */
export function nativeModule<Module>(packageName: string, compression: string): () => Module {
  let loaded: Module | undefined
  return () => {
    try {
      loaded ??= createRequire(import.meta.url)(packageName) as Module
      return loaded
    } catch (error) {
      const message = `compression ${compression} needs the package ${packageName}, which does not load here`
      throw protocolError('PROTOCOL_UNSUPPORTED_COMPRESSION', message, { compression, package: packageName }, error)
    }
  }
}
