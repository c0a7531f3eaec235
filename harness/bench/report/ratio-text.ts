/** Returns a ratio with two digits; a dash if one of its parts was not measured. */
export const ratioText = (ratio: number | undefined) =>
  ratio === undefined || !Number.isFinite(ratio) ? '-' : ratio.toFixed(2)
