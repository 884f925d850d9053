import { execFileSync, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'

const logs = fileURLToPath(new URL('../results/logs/', import.meta.url))
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK']))
const running = new Set()

// A bench that ends early, by an error or Ctrl-C, leaves no server behind.
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/**
 * Starts a server and waits until `path` answers, whatever it answers. Its standard output goes to the null device,
 * so that logging costs what it costs, and its errors to `bench/results/logs`.
 */
export async function startServer(name, { command, args, env = {}, cwd, path = '/', timeoutMs = 60_000 }, port) {
  mkdirSync(logs, { recursive: true })
  const log = openSync(`${logs}${name.replace(/\W/g, '_')}.log`, 'w')
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', log] })
  closeSync(log)
  running.add(child)
  const exit = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(`it ended with ${signal ?? code}`))
  })
  void exit.then(() => running.delete(child))
  const failed = await Promise.race([exit, firstAnswer(port, path, timeoutMs)])
  if (failed) {
    child.kill('SIGKILL')
    throw new Error(`${name} did not start: ${failed}; see bench/results/logs`)
  }
  return { pid: child.pid, port, stop: () => stopServer(child, exit) }
}

async function stopServer(child, exit) {
  if (!running.has(child)) return
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await exit
  clearTimeout(late)
}

/** @returns undefined once there is an answer, otherwise what is wrong */
export async function firstAnswer(port, path, timeoutMs) {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await sleep(10)) {
    const answered = await new Promise((resolve) => {
      const request = get({ host: '127.0.0.1', port, path, agent: false }, (response) => resolve(response.resume()))
      request.once('error', () => resolve(undefined))
      request.setTimeout(5_000, () => request.destroy())
    })
    if (answered) return undefined
  }
  return `no answer within ${timeoutMs / 1_000} s`
}

export async function freePort() {
  const server = createServer()
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The process and its descendants. */
export function familyOf(pid) {
  const children = new Map()
  for (const name of readdirSync('/proc')) {
    const parent = /^\d+$/.test(name) ? statOf(name)?.[1] : undefined
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const family = [pid]
  for (const member of family) family.push(...(children.get(String(member)) ?? []))
  return family
}

/** CPU time that the processes have used so far, in milliseconds, in user and kernel mode. */
export const cpuMs = (pids) => {
  const ticks = pids
    .map((pid) => statOf(pid))
    .reduce((sum, stat) => sum + Number(stat?.[11] ?? 0) + Number(stat?.[12] ?? 0), 0)
  return (ticks * 1_000) / TICKS_PER_SECOND
}

/** @param field `VmRSS`, or `VmHWM` for the peak; of all the processes together, in MiB */
export const memoryMiB = (pids, field) =>
  pids.reduce(
    (sum, pid) => sum + Number(new RegExp(`${field}:\\s+(\\d+)`).exec(read(`/proc/${pid}/status`))?.[1] ?? 0),
    0,
  ) / 1_024

/** Lets the peak begin again from what is used now, where the kernel allows it. */
export function forgetPeak(pids) {
  for (const pid of pids) {
    try {
      writeFileSync(`/proc/${pid}/clear_refs`, '5')
    } catch {
      // Then the peak is that of the server's whole life.
    }
  }
}

/** Fields of /proc/PID/stat from the third on: the second, the name, may hold spaces. */
function statOf(pid) {
  const text = read(`/proc/${pid}/stat`)
  return text ? text.slice(text.lastIndexOf(')') + 2).split(' ') : undefined
}

function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
