import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Image } from './build.ts'

export interface ContainerOptions {
  /** over the image's own */
  readonly environment?: Readonly<Record<string, string>>
  /** stands in /etc/portcullis, read-only */
  readonly configuration?: string
  /** what `newVolume` made */
  readonly volume: string
  /** in place of the image's CMD */
  readonly command?: readonly string[]
  /** `own`: nothing but a loopback of its own, so that every port is free */
  readonly network?: 'own'
}

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** A process of the image: as its user, with its entry point as process 1, on a read-only root without new privileges. */
export interface Container {
  /** process id outside */
  readonly pid: number
  /** what it has printed so far, both streams */
  output(): string
  /** its status as the kernel has it */
  status(): string
  signal(signal: NodeJS.Signals): void
  /** runs a command beside it, as its user, in its root, network and environment */
  run(words: readonly string[]): Promise<Ended>
  /** the image's HEALTHCHECK */
  health(): Promise<Ended>
  /** its exit code */
  readonly ended: Promise<number | null>
}

/**
 * The least that a container runtime does. `$root` is mounted over itself read-only; the volume, /tmp, /proc and six devices
 * are what it gets besides. `exec` all the way: the gate is process 1, with the duties of one.
 */
const ENTER = `set -eu
root=$1 volume=$2 configuration=$3 user=$4; shift 4
if [ "$OWN_NETWORK" = yes ]; then ip link set lo up; fi
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  : > "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mount --bind "$volume" "$root/data"
if [ "$configuration" != none ]; then mount --bind -o ro "$configuration" "$root/etc/portcullis"; fi
exec setpriv --no-new-privs chroot --userspec="$user" --groups= "$root" "$@"`

/** A volume as a runtime makes one: with the owner, mode and content of the image's folder. */
export function newVolume(image: Image): string {
  const volume = join(mkdtempSync(join(image.folder, 'volume-')), 'data')
  execFileSync('cp', ['--archive', join(image.root, 'data'), volume])
  return volume
}

export async function startContainer(t: Test, image: Image, options: ContainerOptions): Promise<Container> {
  const { Entrypoint, Cmd } = image.config
  const words = inside(image, options, [...Entrypoint, ...(options.command ?? Cmd)])
  const child = spawn('unshare', words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], OWN_NETWORK: options.network === 'own' ? 'yes' : 'no' },
  })
  const printed: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => void printed.push(String(chunk)))
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  const pid = await firstProcess(child)
  t.teardown(async () => {
    if (child.exitCode === null) process.kill(pid, 'SIGKILL')
    await ended
  })
  const run = async (command: readonly string[]): Promise<Ended> => {
    const [uid = '', gid = ''] = image.config.User.split(':')
    const target = ['--target', String(pid), '--mount', '--pid', '--net', '--root', '--setuid', uid, '--setgid', gid]
    return await outcome('nsenter', [...target, ...environmentWords(image, options), ...command])
  }
  return {
    pid,
    output: () => printed.join(''),
    status: () => readFileSync(`/proc/${pid}/status`, 'utf8'),
    signal: signal => void process.kill(pid, signal),
    run,
    health: () => run(image.config.Healthcheck.Test.slice(1)),
    ended,
  }
}

/** Runs one command of the image to its end. */
export async function runInImage(image: Image, options: ContainerOptions): Promise<Ended> {
  const words = inside(image, options, [...image.config.Entrypoint, ...(options.command ?? [])])
  return await outcome('unshare', words)
}

function inside(image: Image, options: ContainerOptions, command: readonly string[]): readonly string[] {
  const network = options.network === 'own' ? ['--net'] : []
  const namespaces = ['--mount', '--propagation', 'private', '--pid', '--fork', ...network]
  const { volume, configuration = 'none' } = options
  const script = ['/bin/sh', '-c', ENTER, 'enter', image.root, volume, configuration, image.config.User]
  return [...namespaces, ...script, ...environmentWords(image, options), ...command]
}

/** Exactly the image's environment and what the options add, in the image's working folder. */
function environmentWords(image: Image, { environment = {} }: ContainerOptions): readonly string[] {
  const added = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  return ['/usr/bin/env', '-i', '-C', image.config.WorkingDir, ...image.config.Env, ...added]
}

/** Process 1 of the new namespace is the only child of `unshare`, once there is one and it has become the gate. */
async function firstProcess(child: ChildProcess): Promise<number> {
  for (let attempt = 0; attempt < 2_400; attempt++) {
    if (child.exitCode !== null) throw new Error(`unshare ended with ${child.exitCode}`)
    const pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'))
    if (pid > 0 && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('dist/main.js')) return pid
    await sleep(50)
  }
  throw new Error('the entry point did not start within two minutes')
}

function outcome(command: string, words: readonly string[]): Promise<Ended> {
  return new Promise(resolve =>
    execFile(command, words, { env: { PATH: process.env['PATH'], OWN_NETWORK: 'no' } }, (error, out, err) =>
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : null, out, err }),
    ),
  )
}
