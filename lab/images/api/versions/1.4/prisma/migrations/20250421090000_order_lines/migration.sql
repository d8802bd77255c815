-- AlterTable: quantities were to move to a table of their own; the code that writes them never followed
ALTER TABLE "orders" DROP COLUMN "quantity";
