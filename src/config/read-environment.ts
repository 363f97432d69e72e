import { resolve } from 'node:path'
import { didYouMean } from '../protocol/yaml/diagnostic.ts'
import { readYaml } from '../protocol/yaml/yaml-document.ts'
import { CONFIG_KEYS, type ConfigKey } from './keys.ts'
import { describeFailure, readText } from './read-file.ts'
import { namedSource, type Reading } from './source.ts'

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>

export const CONFIG_VARIABLE = 'PORTCULLIS_CONFIG'
/** no setting: `1` lets commands print the stack of an error */
const DEBUG_VARIABLE = 'PORTCULLIS_DEBUG'
/** no settings of a gate: which one commands ask, and with what token */
const GATE_VARIABLES = ['PORTCULLIS_GATE', 'PORTCULLIS_GATE_TOKEN', 'PORTCULLIS_GATE_TOKEN_FILE']
/** What Kubernetes puts into every container beside a Service that is named portcullis. */
const SERVICE_LINK = /^PORTCULLIS_(?:SERVICE_(?:HOST|PORT(?:_.*)?)|PORT(?:_.*)?)$/

interface Setting {
  readonly path: readonly string[]
  readonly value: unknown
  readonly name: string
}

/** Settings of the environment. A variable that is empty is as one that is not there. */
export function readEnvironment(environment: Environment, folder: string): Reading {
  const wrong: string[] = refuseUnknown(environment)
  const settings = CONFIG_KEYS.flatMap(key => {
    const setting = readVariable(key, environment, folder)
    if (setting === undefined) return []
    if ('wrong' in setting) wrong.push(setting.wrong)
    return 'wrong' in setting ? [] : [setting]
  })
  return { source: namedSource(folder, settings), wrong }
}

function readVariable(
  key: ConfigKey,
  environment: Environment,
  folder: string,
): Setting | { readonly wrong: string } | undefined {
  const { path, environment: name, handling } = key
  const text = environment[name] ?? ''
  const fileName = `${name}_FILE`
  const file = handling === 'open' ? '' : (environment[fileName] ?? '')
  if (text !== '' && file !== '') return { wrong: `${name} and ${fileName} are both set` }
  if (file !== '') return readSettingFile(key, fileName, resolve(folder, file))
  if (text === '') return undefined
  if (key.text === 'list')
    return {
      path,
      name,
      value: text
        .split(',')
        .map(item => item.trim())
        .filter(item => item !== ''),
    }
  return key.text === 'mapping' ? readMapping(path, name, text) : { path, name, value: text }
}

/** Of what is a text, all but the white space round it. */
function readSettingFile(
  { path, text: form }: ConfigKey,
  name: string,
  file: string,
): Setting | { readonly wrong: string } {
  const read = readText(file)
  if ('missing' in read) return { wrong: `${name}: the file ${describeFailure(read.missing)}` }
  if (form === 'plain') return { path, name, value: read.text.trim() }
  return readMapping(path, name, read.text)
}

function readMapping(path: readonly string[], name: string, text: string): Setting | { readonly wrong: string } {
  const document = readYaml({ path: name, text })
  if (!('diagnostics' in document)) return { path, name, value: document.value }
  const [{ line, column }] = document.diagnostics
  return { wrong: `${name}: is not YAML or JSON (line ${line}, column ${column})` }
}

/** A mistyped variable would be a setting that somebody believes in. */
function refuseUnknown(environment: Environment): string[] {
  const known = [
    CONFIG_VARIABLE,
    DEBUG_VARIABLE,
    ...GATE_VARIABLES,
    ...CONFIG_KEYS.flatMap(({ environment: name, handling }) =>
      handling === 'open' ? [name] : [name, `${name}_FILE`],
    ),
  ]
  return Object.keys(environment)
    .filter(name => name.startsWith('PORTCULLIS_') && !known.includes(name) && !SERVICE_LINK.test(name))
    .sort()
    .map(name => `${name}: unknown environment variable${didYouMean(name, known)}`)
}
