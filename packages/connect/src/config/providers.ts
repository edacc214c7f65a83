import { readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { parseProperties } from '@millrace/base/internal'
import { JavaRegex, validRegex } from '../data/java-regex.ts'
import { type ConfigDef, configDef } from './config-def.ts'

/** A value, or why there is none. */
export type Found = { readonly value: string } | { readonly problem: string }

/** Looks a key up under a path; both may be empty. */
export type SecretProvider = (path: string, key: string) => Found

/** A config provider as workers' properties name it. */
export interface ProviderPlugin {
  readonly classNames: readonly [string, ...string[]]
  /** Of its parameters (`config.providers.<name>.param.<...>`). */
  readonly configDef: ConfigDef
  create(param: (name: string) => unknown, environment: Readonly<Record<string, string | undefined>>): SecretProvider
}

const providerPackage = 'org.apache.kafka.common.config.provider'
const secretMaxBytes = 1024 * 1024

const pathsDefinition = configDef({
  'allowed.paths': {
    type: 'list',
    default: null,
    importance: 'high',
    doc: 'Absolute paths below which files may be read. Left out, any file may be.',
  },
})

/** A key of a properties file (`FileConfigProvider`). */
export const fileProvider: ProviderPlugin = {
  classNames: [`${providerPackage}.FileConfigProvider`, 'FileConfigProvider'],
  configDef: pathsDefinition,
  create: (param) => {
    const allowed = param('allowed.paths') as readonly string[] | undefined
    return (path, key) => {
      const file = readAllowed(path, allowed)
      if ('problem' in file) return file
      const properties = parseProperties(file.value)
      if (Object.hasOwn(properties, key)) return { value: properties[key]! }
      return { problem: `the file has no key ${key}` }
    }
  },
}

/** A file of a folder, as Kubernetes mounts secrets (`DirectoryConfigProvider`). */
export const directoryProvider: ProviderPlugin = {
  classNames: [`${providerPackage}.DirectoryConfigProvider`, 'DirectoryConfigProvider'],
  configDef: pathsDefinition,
  create: (param) => {
    const allowed = param('allowed.paths') as readonly string[] | undefined
    return (path, key) => {
      if (path === '') return { problem: 'a folder is missing, as in directory:/run/secrets:key' }
      if (key !== basename(key)) return { problem: `${key} is not the name of a file` }
      return readAllowed(join(path, key), allowed)
    }
  },
}

const envDefinition = configDef({
  'allowlist.pattern': {
    type: 'string',
    default: null,
    valid: validRegex,
    importance: 'high',
    doc: 'What the name of a variable has to match as a whole. Left out, any may be read.',
  },
})

/** An environment variable (`EnvVarConfigProvider`). */
export const envProvider: ProviderPlugin = {
  classNames: [`${providerPackage}.EnvVarConfigProvider`, 'EnvVarConfigProvider'],
  configDef: envDefinition,
  create: (param, environment) => {
    const pattern = param('allowlist.pattern') as string | undefined
    const allowed = pattern === undefined ? undefined : new JavaRegex(pattern)
    return (path, key) => {
      if (path !== '') return { problem: `environment variables have no path (${path})` }
      if (allowed && !allowed.matches(key)) return { problem: `allowlist.pattern does not allow ${key}` }
      const value = environment[key]
      return value === undefined ? { problem: `the environment variable ${key} is not set` } : { value }
    }
  },
}

function readAllowed(path: string, allowed: readonly string[] | undefined): Found {
  if (path === '') return { problem: 'a path is missing, as in file:/etc/secrets.properties:key' }
  try {
    // Where a link leads counts, not where it lies.
    const real = realpathSync(resolve(path))
    if (allowed && !allowed.some((folder) => isBelow(real, folder))) {
      return { problem: `allowed.paths does not allow ${path}` }
    }
    const { size } = statSync(real)
    if (size > secretMaxBytes) return { problem: `${path} has ${size} bytes, more than ${secretMaxBytes}` }
    return { value: readFileSync(real, 'utf8') }
  } catch (error) {
    return { problem: `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})` }
  }
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(realpathSync(folder), path)
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way))
}
