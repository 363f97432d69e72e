import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { errorCode, whyUnreadAs } from '../domain/base/error-code.ts'
import { formatDiagnostic } from '../protocol/yaml/diagnostic.ts'
import { readYaml } from '../protocol/yaml/yaml-document.ts'
import type { Reading } from './source.ts'

const LARGEST = 1024 * 1024
const USUAL_FILE = 'portcullis.yaml'

/**
 * Reads the configuration file. `given` is what the person named; without it `portcullis.yaml` in `folder` is taken if it
 * is there.
 */
export function readConfigFile(given: string | undefined, folder: string): Reading {
  const name = given ?? USUAL_FILE
  const path = resolve(folder, name)
  const text = readText(path)
  if ('missing' in text && given === undefined && text.missing === 'ENOENT') return { source: undefined, wrong: [] }
  if ('missing' in text) return { source: undefined, wrong: [`${name}: the file ${describeFailure(text.missing)}`] }
  const document = readYaml({ path: name, text: text.text })
  if ('diagnostics' in document)
    return {
      source: undefined,
      wrong: document.diagnostics.map(diagnostic =>
        formatDiagnostic({ ...diagnostic, message: withoutText(diagnostic.message) }),
      ),
    }
  const origin = (at: readonly (string | number)[]) => {
    const { line, column } = document.atKey(at, '')
    return `${name}:${line}:${column}`
  }
  // a file of comments alone says nothing, and that is fine
  const value = document.value ?? {}
  return { source: { document: { ...document, value }, folder: dirname(path), origin }, wrong: [] }
}

/** A file's text, UTF-8 of at most 1 MiB, or the code of what keeps it from being read. */
export function readText(path: string): { readonly text: string } | { readonly missing: string } {
  try {
    if (statSync(path).size > LARGEST) return { missing: 'TOO_LARGE' }
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)) }
  } catch (error) {
    return { missing: errorCode(error) ?? 'UNREADABLE' }
  }
}

export function describeFailure(code: string): string {
  if (code === 'TOO_LARGE') return 'is larger than 1 MiB'
  return whyUnreadAs(code)
}

/** A password that begins with `*` or `&` reads as YAML's own; the message must not print it. */
function withoutText(message: string): string {
  const [, what] = /^((?:aliases|anchors|tags) are not allowed|not YAML: [^:"]*)[:"]/.exec(message) ?? []
  return what === undefined ? message : `${what.trimEnd()}; a text that begins with * & or ! stands in quotes`
}
