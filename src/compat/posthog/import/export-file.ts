import { fstatSync } from 'node:fs'
import { type FileHandle, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { StartError } from '../../../platform/start-error.js'

const CHUNK_BYTES = 256 * 1024
const STDIN = 0

/** An export that can be read several times, from any byte on. */
export class ExportFile {
  private constructor(private readonly handle: FileHandle) {}

  /**
   * Opens a file or a pipe; `-` and `/dev/stdin` are the standard input. A pipe is first copied to an unlinked temporary
   * file, because an import reads the whole export before it writes its first row.
   * @throws {StartError} when it cannot be read
   */
  static async open(path: string): Promise<ExportFile> {
    try {
      if (path !== '-' && path !== '/dev/stdin') return await ExportFile.of(await open(path))
      if (!fstatSync(STDIN).isFile()) return await ExportFile.spool(process.stdin)
      return await ExportFile.of(await open('/dev/stdin'))
    } catch (error) {
      throw unreadable(path, error as NodeJS.ErrnoException)
    }
  }

  read(start: number): AsyncIterable<Buffer> {
    return this.handle.createReadStream({ start, autoClose: false, highWaterMark: CHUNK_BYTES })
  }

  async close(): Promise<void> {
    await this.handle.close()
  }

  private static async of(handle: FileHandle): Promise<ExportFile> {
    const found = await handle.stat()
    if (found.isFile()) return new ExportFile(handle)
    if (!found.isDirectory()) return ExportFile.spool(handle.createReadStream())
    await handle.close()
    throw Object.assign(new Error('it is a directory'), { code: 'EISDIR' })
  }

  private static async spool(pipe: Readable): Promise<ExportFile> {
    const folder = await mkdtemp(join(tmpdir(), 'polity-import-'))
    const handle = await open(join(folder, 'export.ndjson'), 'wx+', 0o600)
    // Unlinked, so that the hashes in it outlive neither this process nor a crash.
    await rm(folder, { recursive: true, force: true })
    try {
      await writeFile(handle, pipe)
      return new ExportFile(handle)
    } catch (error) {
      await handle.close()
      throw error
    }
  }
}

function unreadable(path: string, error: NodeJS.ErrnoException): Error {
  if (error.code === 'ENOSPC')
    return new StartError(`${tmpdir()} has no room for what comes through the pipe. Set TMPDIR, or import a file.`)
  return error.code ? new StartError(`${path} cannot be read: ${error.message}.`) : error
}
