import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What became of one install. */
export interface Install {
  readonly command: string
  /** what the person reads, shortened to what matters */
  readonly lines: readonly string[]
  readonly installed: boolean
  /** the refusal's code, read from what the client printed */
  readonly code: string | undefined
  readonly explainId: string | undefined
}

export interface Client {
  readonly name: string
  install(requirement: string): Promise<Install>
}

/** The system's pip in a virtual environment of its own; a plain HTTP client where there is none, which says so. */
export async function createClient(folder: string, indexUrl: string): Promise<Client> {
  const python = await createEnvironment(join(folder, 'venv'))
  return python === undefined ? createPlainClient(indexUrl) : createPip(python, folder, indexUrl)
}

async function createEnvironment(venv: string): Promise<string | undefined> {
  try {
    await run('python3', ['-m', 'venv', venv], { timeout: 120_000 })
    const python = join(venv, 'bin', 'python')
    await run(python, ['-m', 'pip', '--version'], { timeout: 30_000 })
    return python
  } catch {
    return undefined
  }
}

async function createPip(python: string, folder: string, indexUrl: string): Promise<Client> {
  const config = join(folder, 'pip.conf')
  writeFileSync(config, '')
  // nothing of the person's own pip settings may lead elsewhere
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(pip_|https?_proxy$|all_proxy$|pythonpath$)/i.test(name)),
  )
  const env = { ...environment, PIP_CONFIG_FILE: config, PIP_DISABLE_PIP_VERSION_CHECK: '1', HOME: folder }
  const { stdout } = await run(python, ['-m', 'pip', '--version'], { env })
  return {
    name: `pip ${/^pip (\S+)/.exec(stdout)?.[1] ?? ''} in a temporary virtual environment`,
    async install(requirement) {
      const words = ['install', '--no-cache-dir', '--index-url', indexUrl, requirement]
      const command = `pip ${words.join(' ')}`
      try {
        const { stdout: out } = await run(python, ['-m', 'pip', ...words], { env, timeout: 120_000 })
        const lines = out.split('\n').filter(line => line.startsWith('Successfully installed'))
        return { command, lines, installed: true, code: undefined, explainId: undefined }
      } catch (error) {
        const text = textOf(error)
        const lines = text.split('\n').filter(line => line.startsWith('ERROR: '))
        return { command, lines: lines.map(shorten), installed: false, ...readReason(text) }
      }
    },
  }
}

/** Takes the newest file that the page lists for a version, as a client without a resolver would. */
function createPlainClient(indexUrl: string): Client {
  return {
    name: 'a plain HTTP client, because python3 with venv and pip was not found here',
    async install(requirement) {
      const [project = '', version = ''] = requirement.split('==')
      const page = new URL(`${project}/`, indexUrl)
      const anchors = (await (await fetch(page, { headers: { accept: 'text/html' } })).text()).matchAll(
        /href="([^"#]+)/g,
      )
      const listed = Array.from(anchors, ([, text = '']) => text)
      const href = (version === '' ? listed.at(-1) : listed.find(text => text.includes(`-${version}-`))) ?? ''
      const file = new URL(href, page)
      const answer = await fetch(file)
      const body = await answer.arrayBuffer()
      const lines = [`HTTP/1.1 ${answer.status} ${answer.statusText} (${body.byteLength} bytes)`]
      const command = `GET ${file.pathname}`
      return { command, lines: lines.map(shorten), installed: answer.ok, ...readReason(answer.statusText) }
    },
  }
}

function textOf(error: unknown): string {
  const { stderr } = error as { readonly stderr?: unknown }
  return typeof stderr === 'string' ? stderr : String(error)
}

function readReason(text: string): { readonly code: string | undefined; readonly explainId: string | undefined } {
  const [, code, explainId] = /Refused by policy: ([a-z-]+)(?: \(see \S+\/x\/([0-9a-z]+)\))?/.exec(text) ?? []
  return { code, explainId }
}

/** The file's path says nothing to a reader. */
function shorten(line: string): string {
  return line.replace(/\/packages\/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{60}\//g, '/packages/…/')
}
