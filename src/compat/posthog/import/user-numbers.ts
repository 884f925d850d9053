const PAGE = 256

/**
 * Maps the user numbers of a file to users here, at four bytes a user: numbers from a sequence are close together.
 */
export class UserNumbers {
  private readonly pages = new Map<number, Int32Array>()

  get(from: number): number | undefined {
    return this.pages.get(Math.floor(from / PAGE))?.[from % PAGE] || undefined
  }

  set(from: number, to: number): void {
    const page = Math.floor(from / PAGE)
    const numbers = this.pages.get(page) ?? new Int32Array(PAGE)
    numbers[from % PAGE] = to
    this.pages.set(page, numbers)
  }
}
