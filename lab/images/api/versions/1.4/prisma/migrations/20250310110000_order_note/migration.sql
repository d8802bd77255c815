-- AlterTable: additive, 1.0 does not see it
ALTER TABLE "orders" ADD COLUMN "note" TEXT;
