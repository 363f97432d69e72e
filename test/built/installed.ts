import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Scope } from '../world/world.ts'

export function emptyFolder(t: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-built-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export interface Ended {
  readonly exit: number
  readonly out: string
  readonly err: string
}

/** What is started, and with which environment: nothing of this process's own gets into it. */
export interface Program {
  readonly words: readonly [program: string, ...words: string[]]
  readonly environment: Readonly<Record<string, string | undefined>>
}

export function run({ words, environment }: Program, argv: readonly string[], folder: string): Promise<Ended> {
  const [file, ...before] = words
  const options = { cwd: folder, env: environment, timeout: 300_000, maxBuffer: 16 * 1024 * 1024 }
  return new Promise(resolve =>
    execFile(file, [...before, ...argv], options, (error, out, err) =>
      resolve({ exit: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, out, err }),
    ),
  )
}

/** A gate with the configuration in the folder, once it says where it listens. */
export async function serve(
  t: Scope,
  { words, environment }: Program,
  folder: string,
): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const [file, ...before] = words
  const child = spawn(file, [...before, 'serve'], { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    await gone
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', chunk => {
      said += String(chunk)
    })
  while (!LISTENS.test(said)) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${said}`)
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  }
  return { url: LISTENS.exec(said)?.[1] ?? '', child }
}

const LISTENS = /"detail":"(http:[^"]+)","msg":"listening"/

export function writeConfiguration(folder: string, configuration: object): void {
  writeFileSync(join(folder, 'portcullis.yaml'), JSON.stringify(configuration))
}
