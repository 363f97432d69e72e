import { spawn } from 'node:child_process'
import { GateError } from '../domain/base/errors.ts'

/** A network that is slow is waited for; one that is gone is told before somebody thinks that nothing happens. */
const PATIENCE_MS = 5_000

/** Of this process: a command opens what is in it once for each thing that it needs. */
const touched = new Set<string>()

interface Options {
  readonly patienceMs?: number
  /** lists the folder that it is given last, and ends */
  readonly list?: readonly [program: string, ...words: string[]]
}

/**
 * Looks into a folder in a process of its own: a call to a file system that hangs ends by no other way than with its process, and a
 * thread in it would keep this one from ending too. What it finds is of no interest, only that it ends.
 *
 * @throws GateError `config-invalid` where the folder does not answer in time
 */
export async function touchFolder(
  folder: string,
  { patienceMs = PATIENCE_MS, list: [program, ...words] = ['ls', '-A', '--'] }: Options = {},
): Promise<void> {
  if (touched.has(folder)) return
  const child = spawn(program, [...words, folder], { stdio: 'ignore' })
  const answered = await new Promise<boolean>(resolve => {
    const timer = setTimeout(() => resolve(false), patienceMs)
    const end = (): void => {
      clearTimeout(timer)
      resolve(true)
    }
    child.once('error', end) // nothing to look with: whoever opens the folder finds out
    child.once('exit', end)
  })
  if (answered) {
    touched.add(folder)
    return
  }
  child.kill('SIGKILL')
  child.unref()
  throw new GateError(
    'config-invalid',
    `the data folder ${folder} does not answer within ${patienceMs / 1_000} s: its file system hangs. Look at the mount (a network that is away?), or name another folder with --data, PORTCULLIS_DATA or data`,
  )
}
