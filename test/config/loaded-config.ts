import { resolve } from 'node:path'
import type { Test } from 'tap'
import { type LoadedConfig, loadConfig } from '../../src/config/load.ts'
import { GateError } from '../../src/domain/base/errors.ts'

export type Input = Parameters<typeof loadConfig>[0]

export const ROOT = resolve(import.meta.dirname, '../..')
export const SECRET = 'hunter2-hunter2'

/** Loads in a folder of its own; `yaml` stands in its portcullis.yaml. */
export function load(t: Test, yaml: string | undefined, changes: Partial<Input> = {}): LoadedConfig {
  const folder = t.testdir(yaml === undefined ? {} : { 'portcullis.yaml': yaml })
  return loadConfig({ flags: {}, file: undefined, environment: {}, folder, ...changes })
}

/** What is wrong, one a line. */
export function wrong(t: Test, yaml: string | undefined, changes: Partial<Input> = {}): readonly string[] {
  try {
    load(t, yaml, changes)
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    t.equal(error.code, 'config-invalid')
    return error.detail.split('\n')
  }
  return []
}
