"""The rules of a version's life: publish, resolve, change, repair, retain, promote. May touch every room beside it."""
